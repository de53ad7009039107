// npm test: everything that needs nothing but npm packages. Arguments go to vitest (npm test -- test/unit/task).
import { ensureInstalled, run } from './setup.mjs'

ensureInstalled()
const only = process.argv.slice(2)
const vitest = [
  'vitest',
  ['run', ...['unit', 'contract', 'integration', 'chaos'].flatMap(name => ['--project', name]), ...only],
]
const steps =
  only.length > 0
    ? [vitest]
    : [
        ['biome', ['ci', '--error-on-warnings', '.']],
        ['tsc', ['--noEmit']],
        ['depcruise', ['--config', '.dependency-cruiser.cjs', 'runtime', 'connectors', 'transforms']],
        vitest,
      ]
for (const [command, args] of steps) {
  console.log(`\n> ${command} ${args.join(' ')}`)
  const code = await run(command, args)
  if (code !== 0) process.exit(code)
}
