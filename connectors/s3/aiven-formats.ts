import { DataError, quoteJson, type SinkRecord } from 'millrace'
import { type Format, type Out, writeTexts } from './format.ts'
import { jsonText } from './json-text.ts'

export type OutputField = 'key' | 'value' | 'offset' | 'timestamp' | 'headers'

const nameOf = ({ original }: SinkRecord): string => `${original.topic}-${original.partition}@${original.offset}`
const text = jsonText('BASE64')

/** As java.time shows an instant: milliseconds only where there are any. */
const instant = (time: number): string => new Date(time).toISOString().replace('.000Z', 'Z')

const jsonField = (record: SinkRecord, field: OutputField): string => {
  switch (field) {
    case 'key':
      return (record.key ?? null) === null ? 'null' : text(record.key, record.keySchema)
    case 'value':
      return (record.value ?? null) === null ? 'null' : text(record.value, record.valueSchema)
    case 'offset':
      return String(record.offset)
    case 'timestamp':
      return record.timestamp === null ? 'null' : `"${instant(record.timestamp)}"`
    case 'headers':
      return `[${record.headers
        .map(({ key, schema, value }) => `{"key":${quoteJson(key)},"value":${text(value, schema)}}`)
        .join()}]`
  }
}

/** Objects with these members, or the bare field. A value that is still JSON text is copied, not parsed. */
const jsonRecord = (fields: readonly OutputField[], envelope: boolean) => {
  const name = (field: OutputField, index: number) => (envelope ? `${index === 0 ? '{' : ','}"${field}":` : '')
  const whole = (record: SinkRecord, from: number, to: number): string => {
    let out = ''
    for (let at = from; at < to; at++) out += name(fields[at]!, at) + jsonField(record, fields[at]!)
    return out
  }
  const value = fields.indexOf('value')
  const close = envelope ? '}' : ''
  return (out: Out, record: SinkRecord, before: string): void => {
    const lazy = record.lazyValue
    if (lazy === undefined || value < 0) {
      writeTexts(out, before, whole(record, 0, fields.length), close)
      return
    }
    const head = before + whole(record, 0, value) + name('value', value)
    const tail = whole(record, value + 1, fields.length) + close
    out.reserve((head.length + tail.length) * 3 + lazy.maxJsonBytes)
    // `pos` moves last: when the value turns out to be none, nothing of the record stays.
    const at = lazy.writeJson(out.buf, out.pos + out.buf.write(head, out.pos, 'utf8'))
    out.pos = at + out.buf.write(tail, at, 'utf8')
  }
}

/** One JSON value in each line; the last line has no end. */
export const jsonl = (fields: readonly OutputField[], envelope: boolean): Format => {
  const write = jsonRecord(fields, envelope)
  return { extension: '', write: (out, record, first) => write(out, record, first ? '' : '\n') }
}

/** An array of JSON values. */
export const jsonArray = (fields: readonly OutputField[], envelope: boolean): Format => {
  const write = jsonRecord(fields, envelope)
  return {
    extension: '',
    write: (out, record, first) => write(out, record, first ? '[\n' : ',\n'),
    end: out => writeTexts(out, '\n]'),
  }
}

const bytesOf = (value: unknown, what: string): Buffer => {
  if (value === null || value === undefined) return Buffer.alloc(0)
  if (typeof value === 'string') return Buffer.from(value, 'utf8')
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length)
  throw new DataError(`${what} is neither bytes nor text: csv needs ByteArrayConverter or StringConverter for it`)
}

/** Fields joined by commas, records by line ends; nothing is quoted. */
export const csv = (fields: readonly OutputField[], encodeValue: boolean): Format => {
  const field = (record: SinkRecord, name: OutputField): Buffer => {
    switch (name) {
      case 'key':
        return Buffer.from(bytesOf(record.key, `The key of ${nameOf(record)}`).toString('base64'))
      case 'value': {
        const { value } = record
        if (value !== null && value !== undefined && !(value instanceof Uint8Array)) {
          throw new DataError(`The value of ${nameOf(record)} is no bytes: csv needs ByteArrayConverter for it`)
        }
        const bytes = bytesOf(value, '')
        return encodeValue ? Buffer.from(bytes.toString('base64')) : bytes
      }
      case 'offset':
        return Buffer.from(String(record.offset))
      case 'timestamp':
        return Buffer.from(record.timestamp === null ? '' : String(record.timestamp))
      case 'headers':
        return Buffer.from(
          record.headers
            .map(({ key, value }) => {
              const bytes = bytesOf(value, `The header ${key} of ${nameOf(record)}`)
              return `${Buffer.from(key).toString('base64')}:${bytes.toString('base64')};`
            })
            .join(''),
        )
    }
  }
  return {
    extension: '',
    write(out, record, first) {
      const parts = fields.map(name => field(record, name))
      out.reserve(parts.reduce((sum, part) => sum + part.length + 1, 1))
      if (!first) out.buf[out.pos++] = 10
      for (const [index, part] of parts.entries()) {
        if (index > 0) out.buf[out.pos++] = 44
        out.buf.set(part, out.pos)
        out.pos += part.length
      }
    },
  }
}
