import type { Reporter, TestModule } from 'vitest/node'

/** Ends a run with one line that says how many tests passed, failed and were skipped, over all projects. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 }
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state in count) count[state as keyof typeof count]++
      }
      count.failed += module.errors().length
    }
    count.failed += unhandled.length
    console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`)
  }
}
