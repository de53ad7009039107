// npm run bench: see test/bench/README.md.
import { ensureInstalled, node, root } from './setup.mjs'

ensureInstalled()
process.exit(await node([`${root}/test/bench/run.ts`, ...process.argv.slice(2)]))
