import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { pluginKind, type TransformDefinition } from '../../runtime/api/define.ts'
import { parseConnectorFile } from '../../runtime/config/connector-files.ts'
import { builtinPlugins } from '../../runtime/plugins/builtin.ts'
import { waivers } from './waivers.ts'

// Every plugin that this package brings: listed, true to its line in the table, documented, with an example, its contract run.

const root = fileURLToPath(new URL('../..', import.meta.url))
const filesUnder = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => join(entry.parentPath, entry.name))
const textsOf = (folder: string, ending: string): string =>
  readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && entry.name.endsWith(ending))
    .map(entry => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n')

interface Definition {
  readonly class: string
  readonly version: string
  readonly doc: string
  readonly aliases?: readonly string[]
  readonly sides?: readonly string[]
  readonly kinds?: readonly string[]
}

const definitions = new Map<string, { definition: Definition; kind: string; file: string }>()
for (const file of ['connectors', 'transforms', 'runtime/converters'].flatMap(filesUnder)) {
  // A folder holds more than plugins: only what has a default export can be one.
  if (!/^export default /m.test(readFileSync(file, 'utf8'))) continue
  const { default: definition } = (await import(file)) as { default?: unknown }
  const kind = pluginKind(definition)
  if (kind !== undefined)
    definitions.set((definition as Definition).class, { definition: definition as Definition, kind, file })
}
const builtin = builtinPlugins()
const bareClass = (name: string) => name.replace(/\$(Key|Value)$/, '')

const examples = readdirSync(join(root, 'config-examples'))
  .filter(name => name.endsWith('.json'))
  .map(name => readFileSync(join(root, 'config-examples', name), 'utf8'))
const tests = textsOf('test', '.test.ts')
const reference = textsOf('docs/reference', '.md')

/** What a plugin lacks, as `CLASS: DUTY`. */
const lacking = [...definitions.values()].flatMap(({ definition, kind, file }) => {
  const path = file.slice(root.length)
  const connector = kind === 'source' || kind === 'sink'
  const contract = { source: 'sourceContract', sink: 'sinkContract', converter: 'converterContract' }[kind]
  const contracted =
    kind === 'transformation'
      ? tests.includes('transformContract({ test, transform })')
      : contract === undefined ||
        readdirSync(join(root, 'test'), { withFileTypes: true, recursive: true })
          .filter(entry => entry.isFile() && entry.name.endsWith('.test.ts'))
          .map(entry => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
          .some(text => text.includes(`/${path}'`) && text.includes(`${contract}({`))
  const exampled = connector
    ? examples.some(text => text.includes(`"${definition.class}"`))
    : kind !== 'transformation' || (definition as unknown as TransformDefinition).examples.length > 0
  return [
    ...(builtin.some(({ location }) => bareClass(location.class) === definition.class) ? [] : ['listed']),
    ...(reference.includes(definition.class) ? [] : ['documented']),
    ...(exampled ? [] : ['example']),
    ...(contracted ? [] : ['contract']),
  ].map(duty => `${definition.class}: ${duty}`)
})

test('nothing is lacking that is not waived, and no waiver is stale', () => {
  expect(lacking.toSorted()).toEqual(Object.keys(waivers).toSorted())
})

describe.each(builtin.map(plugin => [plugin.location.class, plugin] as const))(
  '%s',
  (name, { location, aliases, types }) => {
    test('is what the table says of it', () => {
      const found = definitions.get(bareClass(name))
      expect(found, `${location.url} defines no such plugin`).toBeDefined()
      const { definition, kind, file } = found!
      expect(fileURLToPath(location.url)).toBe(file)
      expect(kind).toBe(location.kind)
      expect(definition.version).toBe(location.version)
      // An alias that the table leaves out must be the short name that every class has.
      const simple = definition.class.slice(definition.class.lastIndexOf('.') + 1)
      for (const alias of definition.aliases ?? [])
        expect([...aliases, simple, simple.replace(/Connector$/, '')]).toContain(alias)
      expect(name !== definition.class).toBe(definition.sides !== undefined)
      if (kind === 'converter') expect(definition.kinds ?? ['converter']).toEqual(types)
    })
  },
)

test('examples can be read, and name a connector that is there', () => {
  for (const name of readdirSync(join(root, 'config-examples')).filter(file => file.endsWith('.json'))) {
    const text = readFileSync(join(root, 'config-examples', name), 'utf8')
    const config = text.includes('"config"')
      ? parseConnectorFile(text, name).config
      : (JSON.parse(text) as Record<string, string>)
    expect(definitions.has(config['connector.class'] ?? ''), name).toBe(true)
  }
})
