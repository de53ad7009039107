import { expect, test } from 'vitest'
import { s } from '../../../runtime/api/index.ts'
import definition from '../../../transforms/extract-schema-to-new-record.ts'

test('columns that the connector does not tell of are a problem of its configuration', () => {
  const transform = definition.create({} as never, undefined as never, { originals: {} } as never)
  const valueSchema = s.struct({ after: s.struct({ id: s.int32() }), op: s.string() }, { name: 'a.b.Envelope' })
  expect(() => transform.apply({ topic: 'shop.item', valueSchema, value: { after: { id: 1 }, op: 'c' } })).toThrow(
    /^The field id of shop\.item does not tell its column: set column\.propagate\.source\.type/,
  )
})
