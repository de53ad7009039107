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

/** Arrays of these have a text that stands for them. */
const texts = new Set(['text', 'varchar', 'json', 'jsonb'])

/** What stands for a large value that did not change and which the server therefore did not send. */
export const unavailableValue = (type: ColumnType, schema: Schema, modes: TypeModes, placeholder: Buffer): unknown => {
  const text = placeholder.toString()
  if (type.name === 'hstore')
    return schema.type === 'MAP' ? new Map([[text, text]]) : hstoreJson(new Map([[text, text]]))
  // Debezium has none in base64.
  if (type.name === 'bytea' && modes.binary.startsWith('base64')) return schema.optional ? null : emptyValue(schema)
  if (schema.type === 'STRING') return text
  if (schema.type === 'BYTES' && schema.name === undefined) return placeholder
  if (schema.type === 'ARRAY') {
    const item = schema.valueSchema!
    const element = type.element?.name ?? ''
    if (element === 'uuid') return [nameUuid(placeholder)]
    if (texts.has(element)) return [text]
    if (element === 'bytea' && item.type === 'BYTES') return [placeholder]
    // The octets, one by one.
    if (
      element === 'int4' ||
      element === 'int8' ||
      (element === 'date' && item.type === 'INT32' && item.name?.startsWith('org.apache') !== true)
    )
      return [...new Int8Array(placeholder.buffer, placeholder.byteOffset, placeholder.length)]
  }
  return schema.optional ? null : emptyValue(schema)
}
