import { expect, test } from 'vitest'
import { c } from '../../../runtime/api/config.ts'
import { defineConverter } from '../../../runtime/api/define.ts'
import simpleHeader from '../../../runtime/converters/simple-header-converter.ts'
import type { PluginLocation } from '../../../runtime/plugins/location.ts'
import { recordParts } from '../../../runtime/worker/task-parts.ts'
import { recordingLog } from '../../support/fakes/log.ts'

const at = (name: string): PluginLocation => ({
  class: name,
  kind: 'converter',
  version: '1',
  url: 'file:///none',
  exportName: 'default',
})

test('a converter gets its own settings, undeclared ones too, and nothing of the others', async () => {
  const created: unknown[] = []
  let closed = 0
  const watched = defineConverter({
    class: 'Watched',
    version: '1',
    doc: 'Tells what it is created with.',
    config: { 'schema.registry.url': c.string('Where.', { optional: true }) },
    create(config, use, ctx) {
      created.push({ use, url: config.schemaRegistryUrl, originals: ctx?.originals })
      return { encode: () => null, decode: () => ({ schema: null, value: null }), close: () => void closed++ }
    },
  })
  const parts = await recordParts(
    {
      connector: {
        props: {
          name: 'c',
          'value.converter': 'Watched',
          'value.converter.schema.registry.url': 'http://r',
          'value.converter.request.header.X-Tenant': 'blue',
        },
      },
      plugins: [at('Connector'), at('Watched'), at('Header')],
    },
    { workerProps: { 'key.converter': 'Watched', 'key.converter.a': 'b' } },
    async ({ class: name }) => (name === 'Watched' ? watched : simpleHeader),
    recordingLog(),
  )
  expect(created).toEqual([
    { use: 'key', url: undefined, originals: { a: 'b' } },
    {
      use: 'value',
      url: 'http://r',
      originals: { 'schema.registry.url': 'http://r', 'request.header.X-Tenant': 'blue' },
    },
  ])
  parts.close()
  expect(closed).toBe(2)
})
