// npm run docs: docs/reference/ from the declarations. `--check` fails when a page is not what the declarations say.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Documented, docsPage } from '../runtime/config/docs-page.ts'
import { builtinPlugins } from '../runtime/plugins/builtin.ts'
import { loadPlugin } from '../runtime/plugins/load.ts'

const folder = fileURLToPath(new URL('../docs/reference/', import.meta.url))
const check = process.argv.includes('--check')

const pages = new Map<string, string>()
const index = new Map<string, string[]>()
const documented = new Set<string>()
for (const { location } of builtinPlugins()) {
  const definition = (await loadPlugin({ ...location })) as unknown as Documented
  if (documented.has(definition.class)) continue
  documented.add(definition.class)
  const simple = `${definition.class.slice(definition.class.lastIndexOf('.') + 1)}.md`
  // Two classes with one short name: the second page has the whole name.
  const file = pages.has(simple) ? `${definition.class}.md` : simple
  pages.set(file, docsPage(definition))
  const lines = index.get(definition.kind) ?? []
  index.set(definition.kind, [...lines, `- [${definition.class}](${file}): ${definition.doc}`])
}
pages.set(
  'README.md',
  `# Reference\n\nMade from the declarations by \`npm run docs\`.\n\n${[...index].map(([kind, lines]) => `## ${kind}\n\n${lines.join('\n')}\n`).join('\n')}`,
)

const stale = [...pages]
  .filter(([file, text]) => !existsSync(folder + file) || readFileSync(folder + file, 'utf8') !== text)
  .map(([file]) => file)
const extra = existsSync(folder) ? readdirSync(folder).filter(file => !pages.has(file)) : []
if (check) {
  if (stale.length + extra.length > 0) {
    console.error(
      `docs/reference is not what the declarations say (${[...stale, ...extra].join(', ')}): run npm run docs`,
    )
    process.exit(1)
  }
} else {
  mkdirSync(folder, { recursive: true })
  for (const file of extra) rmSync(folder + file)
  for (const file of stale) writeFileSync(folder + file, pages.get(file)!)
  console.log(`${stale.length} pages written, ${extra.length} removed`)
}
