import { isDeepStrictEqual } from 'node:util'
import { c, defineTransform, type Header, s } from 'millrace'
import { isEnvelope } from './envelope-fields.ts'
import type { Members } from './sides.ts'
import { TombstoneHeaders } from './tombstone-headers.ts'

const row = s.struct(
  { id: s.int32(), name: s.string({ optional: true }) },
  { optional: true, name: 'shop.public.item.Value' },
)
const envelope = s.struct({ before: row, after: row, op: s.string() }, { name: 'shop.public.item.Envelope' })
const update = {
  valueSchema: envelope,
  value: { before: { id: 1, name: 'a' }, after: { id: 1, name: 'b' }, op: 'u' },
}
const names = (header: string) => s.array(s.string({ optional: true }), { optional: true, name: header })

export default defineTransform({
  class: 'io.debezium.transforms.ExtractChangedRecordState',
  version: '0.1.0',
  doc: 'Tells in headers which columns a Debezium change event changed, and which it left alone. Both lists are empty where the event has not both states of the row.',
  config: {
    'header.changed.name': c.string('The header that lists the columns that changed. Missing: none is added.', {
      optional: true,
      importance: 'LOW',
    }),
    'header.unchanged.name': c.string('The header that lists the columns that did not. Missing: none is added.', {
      optional: true,
      importance: 'LOW',
    }),
  },
  examples: [
    {
      title: 'lists the columns of an update',
      config: { 'header.changed.name': 'Changed', 'header.unchanged.name': 'Unchanged' },
      input: update,
      output: {
        ...update,
        headers: [
          { key: 'Changed', schema: names('Changed'), value: ['name'] },
          { key: 'Unchanged', schema: names('Unchanged'), value: ['id'] },
        ],
      },
    },
    {
      title: 'passes what is no change event',
      config: { 'header.changed.name': 'Changed' },
      input: { value: { id: 1 } },
      output: { value: { id: 1 } },
    },
  ],
  create({ headerChangedName, headerUnchangedName }) {
    const wanted = (name: string | undefined) =>
      name === undefined || name.trim() === '' ? undefined : { key: name, schema: names(name) }
    const changedHeader = wanted(headerChangedName)
    const unchangedHeader = wanted(headerUnchangedName)
    const shared = new TombstoneHeaders()
    return {
      apply(record) {
        const { valueSchema, value } = record
        if (value === null || value === undefined) {
          const headers = shared.of(record)
          return headers === (record.headers ?? headers) ? record : { ...record, headers }
        }
        if (!isEnvelope(valueSchema)) return record
        const { before, after, op } = value as {
          readonly before?: Members | null
          readonly after?: Members | null
          readonly op?: string
        }
        const changed: string[] = []
        const unchanged: string[] = []
        if (before && after)
          for (const { name } of valueSchema.field('after')!.schema.fields)
            (isDeepStrictEqual(after[name] ?? null, before[name] ?? null) ? unchanged : changed).push(name)
        const more: Header[] = []
        if (changedHeader !== undefined) more.push({ ...changedHeader, value: changed })
        if (unchangedHeader !== undefined) more.push({ ...unchangedHeader, value: unchanged })
        return { ...record, headers: shared.added(record, more, op === 'd') }
      },
    }
  },
})
