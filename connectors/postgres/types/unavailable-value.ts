import { createHash } from 'node:crypto'
import type { Schema } from 'millrace'
import type { TypeModes } from './column-codec.ts'
import { hstoreJson } from './composite-codecs.ts'
import { emptyValue } from './default-value.ts'
import type { ColumnType } from './type-registry.ts'

/** `unavailable.value.placeholder`: text, or octets after `hex:`. */
export const placeholderBytes = (setting: string): Buffer =>
  setting.startsWith('hex:') ? Buffer.from(setting.slice(4), 'hex') : Buffer.from(setting)

/** The UUID of version 3 that Java's nameUUIDFromBytes makes. */
const nameUuid = (bytes: Buffer): string => {
  const hash = createHash('md5').update(bytes).digest()
  hash[6] = (hash[6]! & 0x0f) | 0x30
  hash[8] = (hash[8]! & 0x3f) | 0x80
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** What stands for a large value that did not change and which the server therefore did not send. */
export const unavailableValue = (type: ColumnType, schema: Schema, modes: TypeModes, placeholder: Buffer): unknown => {
  const text = placeholder.toString()
  if (type.name === 'hstore')
    return schema.type === 'MAP' ? new Map([[text, text]]) : hstoreJson(new Map([[text, text]]))
  if (type.name === 'bytea' && modes.binary !== 'bytes') {
    const encoded = placeholder.toString(modes.binary === 'hex' ? 'hex' : 'base64')
    return modes.binary === 'base64-url-safe' ? encoded.replaceAll('+', '-').replaceAll('/', '_') : encoded
  }
  if (schema.type === 'STRING') return text
  if (schema.type === 'BYTES' && schema.name === undefined) return placeholder
  if (schema.type === 'ARRAY') {
    const item = schema.valueSchema!
    if (type.element?.name === 'uuid') return [nameUuid(placeholder)]
    if (item.type === 'STRING') return [text]
    if (item.type === 'BYTES' && item.name === undefined) return [placeholder]
    // Integers and dates: the octets, one by one.
    if ((item.type === 'INT32' || item.type === 'INT64') && item.name?.startsWith('org.apache') !== true)
      return [...new Int8Array(placeholder.buffer, placeholder.byteOffset, placeholder.length)]
  }
  return schema.optional ? null : emptyValue(schema)
}
