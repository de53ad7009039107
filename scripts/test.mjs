// npm test: everything that needs nothing but npm packages. Arguments go to vitest (npm test -- test/unit/task).
import { ensureInstalled, run } from './setup.mjs'

ensureInstalled()
const only = process.argv.slice(2)
const projects = names => names.flatMap(name => ['--project', name])
const steps =
  only.length > 0
    ? [['vitest', ['run', ...projects(['unit', 'contract', 'integration', 'chaos']), ...only]]]
    : [
        ['biome', ['ci', '--error-on-warnings', '.']],
        ['tsc', ['--noEmit']],
        ['depcruise', ['--config', '.dependency-cruiser.cjs', 'runtime', 'connectors', 'transforms']],
        ['node', ['scripts/docs.ts', '--check']],
        ['vitest', ['run', ...projects(['unit'])]],
        // One file at a time: these start servers and measure time, and must not starve each other.
        ['vitest', ['run', '--maxWorkers=1', ...projects(['contract', 'integration', 'chaos'])]],
      ]
for (const [command, args] of steps) {
  console.log(`\n> ${command} ${args.join(' ')}`)
  const code = await run(command, args)
  if (code !== 0) process.exit(code)
}
