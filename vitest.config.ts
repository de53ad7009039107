import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

// Vite does not resolve a package's own name; Node does. Both must land on the same files.
const alias = [
  { find: /^millrace$/, replacement: path('./runtime/api/index.ts') },
  { find: /^millrace\/testing$/, replacement: path('./runtime/testing/index.ts') },
]

const project = (name: string, include: string[], testTimeout: number) => ({
  resolve: { alias },
  test: { name, include, testTimeout, hookTimeout: 60_000, pool: 'forks' as const },
})

export default defineConfig({
  test: {
    maxWorkers: 2,
    reporters: ['default', './test/support/closing-line-reporter.ts'],
    projects: [
      project(
        'unit',
        ['test/unit/**/*.test.ts', 'test/architecture/**/*.test.ts', 'test/plugins/**/*.test.ts'],
        10_000,
      ),
      project('contract', ['test/contract/**/*.test.ts', 'test/golden/**/*.test.ts'], 60_000),
      project('integration', ['test/integration/**/*.test.ts'], 120_000),
      project('chaos', ['test/chaos/**/*.test.ts'], 300_000),
      project('real', ['test/real/**/*.test.ts'], 600_000),
    ],
  },
})
