import fc from 'fast-check'
import { DataError, LazyValue, SinkRecord, s } from 'millrace'
import { describe, expect, it } from 'vitest'
import { csv, jsonArray, jsonl } from '../../../../connectors/s3/aiven-formats.ts'
import { jsonLines, rawBytes } from '../../../../connectors/s3/confluent-formats.ts'
import type { Format } from '../../../../connectors/s3/format.ts'

class Text extends LazyValue {
  readonly #bytes: Buffer
  readonly maxJsonBytes: number

  constructor(text: string) {
    super()
    this.#bytes = Buffer.from(text)
    // An upper bound, not the length: the format must trust what `writeJson` returns.
    this.maxJsonBytes = this.#bytes.length + 7
  }

  get(): unknown {
    return JSON.parse(this.#bytes.toString())
  }

  writeJson(target: Buffer, at: number): number {
    return at + this.#bytes.copy(target, at)
  }
}

class Broken extends Text {
  override writeJson(): number {
    throw new DataError('The value of t-0@0 is no JSON')
  }
}

const written = (format: Format, records: readonly SinkRecord[]): string => {
  const out = {
    buf: Buffer.alloc(0),
    pos: 0,
    reserve(bytes: number) {
      out.buf = Buffer.concat([out.buf.subarray(0, out.pos), Buffer.alloc(bytes)])
    },
  }
  for (const [index, record] of records.entries()) format.write(out, record, index === 0)
  format.end?.(out)
  return out.buf.toString('utf8', 0, out.pos)
}
const record = (value: unknown, offset = 0) =>
  new SinkRecord({ topic: 't', partition: 0, offset, value, timestamp: 1000, key: null })

const formats: readonly (readonly [string, Format])[] = [
  ['JSON lines', jsonLines('BASE64')],
  ['JSON lines with numeric decimals', jsonLines('NUMERIC')],
  ['jsonl', jsonl(['key', 'value', 'offset'], true)],
  ['jsonl without envelope', jsonl(['value'], false)],
  ['a JSON array', jsonArray(['offset', 'value', 'timestamp', 'headers'], true)],
]

describe('values that are still JSON text', () => {
  it.each(formats)('are written by %s as their objects are', (_, format) => {
    // Numbers that print alike in Java and JavaScript: what the text says is kept, what the object says is printed anew.
    const plain = fc.letrec(tie => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.integer(),
        fc.string({ unit: fc.constantFrom('a', 'é', '"', '\\', '日') }),
        fc.boolean(),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.string({ unit: fc.constantFrom('x', 'y', 'z') }), tie('value'), {
          maxKeys: 3,
          noNullPrototype: true,
        }),
      ),
    })).value
    fc.assert(
      fc.property(fc.array(plain, { minLength: 1, maxLength: 4 }), values => {
        const lazy = values.map((value, offset) => record(new Text(JSON.stringify(value)), offset))
        const objects = values.map((value, offset) => record(value, offset))
        expect(written(format, lazy)).toBe(written(format, objects))
      }),
    )
  })
})

describe('a record that does not fit', () => {
  it.each([
    ['bytes', rawBytes('.bin', '\n'), record('text')],
    ['csv', csv(['offset', 'value'], true), record({ a: 1 })],
    ['jsonl, once its text turns out to be none', jsonl(['offset', 'value'], true), record(new Broken('{"a":'))],
    [
      'JSON lines',
      jsonLines('BASE64'),
      new SinkRecord({
        topic: 't',
        partition: 0,
        offset: 0,
        value: { a: 'x' },
        valueSchema: s.struct({ a: s.int32() }),
      }),
    ],
  ])('is refused by %s before anything of it is written', (_, format, bad) => {
    const out = { buf: Buffer.alloc(1000), pos: 3, reserve() {} }
    expect(() => format.write(out, bad, false)).toThrow(/t-0@0|Invalid type/)
    expect(out.pos).toBe(3)
  })
})
