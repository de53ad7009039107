import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { pluginKind } from '../../../runtime/api/define.ts'
import { builtinPlugins, typesOf } from '../../../runtime/plugins/builtin.ts'
import { loadPlugin } from '../../../runtime/plugins/load.ts'
import { shortNames } from '../../../runtime/plugins/names.ts'

interface Described {
  readonly kind: never
  readonly class: string
  readonly version: string
  readonly aliases?: readonly string[]
  readonly sides?: readonly string[]
  readonly kinds?: readonly string[]
}

describe('the table of what this package brings says what its files say', () => {
  test.each(builtinPlugins().map(plugin => [plugin.location.class, plugin] as const))('%s', async (name, plugin) => {
    expect(existsSync(fileURLToPath(plugin.location.url)), plugin.location.url).toBe(true)
    const definition = await loadPlugin<Described>(plugin.location)
    const classes = definition.sides?.map(side => `${definition.class}$${side}`) ?? [definition.class]
    expect(classes).toContain(name)
    expect(pluginKind(definition)).toBe(plugin.location.kind)
    expect(definition.version).toBe(plugin.location.version)
    // Those that follow from the class name need no mention in the table.
    const own = (definition.aliases ?? []).filter(alias => !shortNames(name).includes(alias))
    expect(plugin.aliases).toEqual(own)
    expect(plugin.types).toEqual(typesOf(plugin.location.kind, definition.kinds))
  })
})
