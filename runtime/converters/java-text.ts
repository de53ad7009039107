import { doubleText } from './json-text.ts'

/** What Java's toString gives: `{a=1, b=[x, y]}` for maps, `1.5`, `true`. Bytes show as their hexadecimal digits. */
export const javaText = (value: unknown): string => {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'string') return value
  if (typeof value === 'number')
    return Number.isInteger(value) ? String(BigInt(value)) : doubleText(value).replaceAll('"', '')
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex')
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return `[${value.map(javaText).join(', ')}]`
  if (value instanceof Map)
    return `{${[...value].map(([key, member]) => `${javaText(key)}=${javaText(member)}`).join(', ')}}`
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    return `{${Object.entries(value)
      .map(([key, member]) => `${key}=${javaText(member)}`)
      .join(', ')}}`
  }
  return String(value)
}
