import { describe, expect, test } from 'vitest'
import { DataError } from '../../../../runtime/api/errors.ts'
import { avroFormat } from '../../../../runtime/converters/avro/avro-format.ts'
import { parseAvro } from '../../../../runtime/converters/avro/parse.ts'

const lists = (depth: number): string => `${'{"type":"array","items":'.repeat(depth)}"int"${'}'.repeat(depth)}`

describe('types within types', () => {
  test('as deep as is allowed can be read', () => {
    const format = avroFormat({
      enhanced: false,
      scrub: false,
      metadata: true,
      discardDocs: false,
      optionalKeys: false,
      flatten: true,
      sumTypes: false,
      ignoreDefaults: false,
    })
    const reader = format.reader({ type: 'AVRO', text: lists(499), references: [], resolved: new Map() }, 1)
    expect(reader.decode(Buffer.from([0])).value).toEqual([])
  })

  test.each([500, 20_000])('%d lists around a number are refused, not a full stack', depth => {
    expect(() => parseAvro(lists(depth))).toThrow(DataError)
    expect(() => parseAvro(lists(depth))).toThrow('nested more than 500 deep')
  })
})
