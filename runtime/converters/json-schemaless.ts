import type { ByteWriter } from '../api/byte-writer.ts'
import { Decimal } from '../api/decimal.ts'
import { DataError } from '../api/errors.ts'
import { javaClass } from '../api/java-text.ts'
import { base64Text, quoteJson } from '../api/json-text.ts'
import { resolveLazy } from '../api/lazy.ts'
import { jsonFalse, jsonNull, jsonTrue, writeFew, writeNumber, writeString } from './json-bytes.ts'
import { mismatch } from './json-values.ts'

const COMMA = 0x2c
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** A member's name in quotes with its colon, and the name that came after it last time: records are alike. */
interface Name {
  readonly name: string
  readonly prefix: Uint8Array
  /** Whether it is in the table; only such names are pointed at. */
  readonly kept: boolean
  next: Name | undefined
}

// The bound is for names that are data.
const mostNames = 4096
const longestName = 64
const names = new Map<string, Name>()

const nameOf = (name: string): Name => {
  let known = names.get(name)
  if (known !== undefined) return known
  const kept = names.size < mostNames && name.length <= longestName
  known = { name, prefix: Buffer.from(`${quoteJson(name)}:`), kept, next: undefined }
  if (kept) names.set(name, known)
  return known
}

const writeMembers = (out: ByteWriter, members: Readonly<Record<string, unknown>>): void => {
  out.writeByte(OPEN_OBJECT)
  let last: Name | undefined
  for (const key of Object.keys(members)) {
    let name = last?.next
    if (name === undefined || name.name !== key) {
      name = nameOf(key)
      if (last !== undefined && name.kept) last.next = name
    }
    if (last !== undefined) out.writeByte(COMMA)
    writeFew(out, name.prefix)
    writeSchemaless(out, members[key])
    last = name
  }
  out.writeByte(CLOSE_OBJECT)
}

const writeArray = (out: ByteWriter, items: readonly unknown[]): void => {
  out.writeByte(OPEN_ARRAY)
  for (let index = 0; index < items.length; index++) {
    if (index > 0) out.writeByte(COMMA)
    writeSchemaless(out, items[index])
  }
  out.writeByte(CLOSE_ARRAY)
}

/** With keys that are not all strings: pairs. */
const writeMap = (out: ByteWriter, map: ReadonlyMap<unknown, unknown>): void => {
  let object = true
  for (const key of map.keys()) if (typeof key !== 'string') object = false
  out.writeByte(object ? OPEN_OBJECT : OPEN_ARRAY)
  let first = true
  for (const [key, member] of map) {
    if (first) first = false
    else out.writeByte(COMMA)
    if (!object) out.writeByte(OPEN_ARRAY)
    writeSchemaless(out, key)
    out.writeByte(object ? COLON : COMMA)
    writeSchemaless(out, member)
    if (!object) out.writeByte(CLOSE_ARRAY)
  }
  out.writeByte(object ? CLOSE_OBJECT : CLOSE_ARRAY)
}

const writeObject = (out: ByteWriter, lazy: object): void => {
  const value = resolveLazy(lazy)
  if (value !== lazy) writeSchemaless(out, value)
  else if (Array.isArray(value)) writeArray(out, value)
  else if (value instanceof Uint8Array) out.writeText(base64Text(value))
  else if (value instanceof Map) writeMap(out, value)
  else if (value instanceof Date || value instanceof Decimal)
    throw new DataError(`Java class class ${javaClass(value)} does not have corresponding schema type.`)
  else writeMembers(out, value as Readonly<Record<string, unknown>>)
}

/** Writes a value without a schema as JSON. Throws DataError for what JSON has no form for; then the caller rolls back. */
export const writeSchemaless = (out: ByteWriter, value: unknown): void => {
  if (value === null || value === undefined) {
    writeFew(out, jsonNull)
    return
  }
  switch (typeof value) {
    case 'string':
      writeString(out, value)
      return
    case 'boolean':
      writeFew(out, value ? jsonTrue : jsonFalse)
      return
    case 'number':
    case 'bigint':
      // Also beyond 64 bits, as JSON that was read may have them (invariant 9).
      writeNumber(out, value)
      return
    case 'object':
      writeObject(out, value)
      return
    default:
      throw mismatch('any', value)
  }
}
