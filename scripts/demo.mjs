// npm run demo: row -> topic -> S3, on a fresh clone.
import { ensureInstalled, node, root } from './setup.mjs'

ensureInstalled()
process.exit(await node([`${root}/bin/millrace.mjs`, 'demo', ...process.argv.slice(2)]))
