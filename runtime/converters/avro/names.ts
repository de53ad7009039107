import { DataError } from '../../api/errors.ts'
import type { AvroSettings } from './settings.ts'

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/

/** As Java's URLEncoder escapes it, every other character an underscore; a digit at its beginning gets an x before it. */
const scrubbed = (part: string): string => {
  const encoded = [...part.toWellFormed()]
    .map(char => {
      if (/[A-Za-z0-9_]/.test(char)) return char
      if (/[ .*-]/.test(char)) return '_'
      return [...Buffer.from(char)].map(byte => `_${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
    })
    .join('')
  return /^[0-9]/.test(encoded) ? `x${encoded}` : encoded
}

const checked = (part: string, name: string, { scrub }: AvroSettings): string => {
  if (identifier.test(part)) return part
  if (scrub) return scrubbed(part)
  throw new DataError(
    `Illegal name ${JSON.stringify(name)}: Avro allows letters, digits and underscores; rename it, or set scrub.invalid.names=true`,
  )
}

/** Of a field. Throws DataError. */
export const fieldName = (name: string, settings: AvroSettings): string => checked(name, name, settings)

/** Of a record, enum or fixed, parts between dots. Throws DataError. */
export const fullName = (name: string, settings: AvroSettings): string =>
  name
    .split('.')
    .map(part => checked(part, name, settings))
    .join('.')
