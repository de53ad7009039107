import { DataError, Decimal, type Schema } from 'millrace'

const ofText = (text: string): number => {
  let hash = 0
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0
  return hash
}

const ofLong = (value: number | bigint): number => {
  const bits = BigInt.asUintN(64, BigInt(value))
  return Number(BigInt.asIntN(32, bits ^ (bits >> 32n)))
}

const scratch = new DataView(new ArrayBuffer(8))
const ofDouble = (value: number): number => {
  scratch.setFloat64(0, value)
  return scratch.getInt32(0) ^ scratch.getInt32(4)
}
const ofFloat = (value: number): number => {
  scratch.setFloat32(0, value)
  return scratch.getInt32(0)
}

/** BigDecimal: the digits' hash and the scale; BigInteger: 32 bits at a time, the highest first. */
const ofDecimal = ({ unscaled, scale }: Decimal): number => {
  let magnitude = unscaled < 0n ? -unscaled : unscaled
  const words: number[] = []
  for (; magnitude > 0n; magnitude >>= 32n) words.push(Number(magnitude & 0xffffffffn))
  let hash = 0
  for (const word of words.reverse()) hash = (Math.imul(hash, 31) + word) | 0
  return (Math.imul(31, unscaled < 0n ? -hash | 0 : hash) + scale) | 0
}

const ofBytes = (bytes: Uint8Array): number => {
  let hash = 1
  for (let at = bytes.length - 1; at >= 0; at--) hash = (Math.imul(hash, 31) + ((bytes[at]! << 24) >> 24)) | 0
  return hash
}

/** The 32 bits that `hashCode` gives in Java for a value of this schema, not null. Throws DataError for a type whose hash says nothing. */
export const javaHash = (schema: Schema, value: unknown): number => {
  if (typeof value === 'string') return ofText(value)
  if (typeof value === 'boolean') return value ? 1231 : 1237
  if (value instanceof Decimal) return ofDecimal(value)
  if (value instanceof Date) return ofLong(value.getTime())
  if (value instanceof Uint8Array) return ofBytes(value)
  if (typeof value === 'bigint' || (typeof value === 'number' && schema.type === 'INT64')) return ofLong(value)
  if (typeof value === 'number')
    return schema.type === 'FLOAT64' ? ofDouble(value) : schema.type === 'FLOAT32' ? ofFloat(value) : value | 0
  if (Array.isArray(value) && schema.valueSchema !== undefined) {
    let hash = 1
    for (const item of value)
      hash = (Math.imul(hash, 31) + (item === null ? 0 : javaHash(schema.valueSchema, item))) | 0
    return hash
  }
  throw new DataError(`a value of type ${schema.type} has no hash: name a field of it`)
}
