import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

// Vite does not resolve a package's own name; Node does. Both must land on the same files.
const alias = [
  { find: /^millrace$/, replacement: path('./runtime/api/index.ts') },
  { find: /^millrace\/testing$/, replacement: path('./runtime/testing/index.ts') },
]

// On shared machines a server may starve beyond any patience: there, what talks to servers gets a second try.
const retry = process.env.CI === undefined ? 0 : 1

const project = (name: string, include: string[], testTimeout: number) => ({
  resolve: { alias },
  test: {
    name,
    include,
    testTimeout,
    hookTimeout: 120_000,
    pool: 'forks' as const,
    retry: name === 'unit' ? 0 : retry,
  },
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
