import { isUtf8 } from 'node:buffer'
import { CodedError } from '../base/errors.ts'
import type { ConnectorProps } from '../stores/ports.ts'

const place = (column: number, line = 1): string =>
  `\n at [Source: REDACTED (\`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION\` disabled); line: ${line}, column: ${column}]`

/** A body of another shape than the route takes: `reason` in Kafka Connect's words where it has some, `hint` what to send instead. */
export const malformed = (reason: string, hint: string, configKey?: string): CodedError =>
  new CodedError('MALFORMED_BODY', { reason }, { hint, ...(configKey !== undefined && { configKey }) })

const example = '{"connector.class": "...", "tasks.max": "1"}'

/**
 * A body's text, without a byte order mark. Throws CodedError 500 where it is no UTF-8, as Kafka Connect answers it: a byte put in
 * place of another would be stored (invariant 9).
 */
export const textOf = (bytes: Buffer): string => {
  const text = bytes.toString('utf8')
  if (!isUtf8(bytes)) {
    const same = Buffer.from(text)
    const at = bytes.findIndex((byte, index) => byte !== same[index])
    throw malformed(
      `Invalid UTF-8: byte 0x${bytes[at]!.toString(16)} at offset ${at} of the body`,
      'Send the body in UTF-8: some clients use ISO-8859-1 unless told otherwise',
    )
  }
  return text.startsWith('\ufeff') ? text.slice(1) : text
}

/** The body's JSON; numbers keep their spelling as text, for settings. Throws CodedError 500 for malformed JSON, as Kafka Connect answers it. */
export const jsonOf = (body: unknown): unknown => {
  if (body === undefined || body === null || body === '') return undefined
  try {
    return (
      JSON.parse as (
        text: string,
        reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
      ) => unknown
    )(body as string, (_, value, { source }) =>
      typeof value === 'number' && source !== undefined ? new NumberText(source) : value,
    )
  } catch (cause) {
    // The parser quotes the text around the place, and this error is logged: a secret may stand there (invariant 10).
    const reason = (cause as Error).message.replace(/, (\.\.\.)?".*"(\.\.\.)? is not valid JSON$/s, '')
    throw malformed(
      `The body is no JSON: ${reason}${place(1)}`,
      'Names and texts need double quotes; behind the last member there is no comma, and JSON has no comments',
    )
  }
}

/** A number of the body with its spelling: a setting keeps it as it was written. */
export class NumberText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Numbers back as numbers (bigint where needed), for bodies that are no settings. */
export const plainJson = (value: unknown): unknown => {
  if (value instanceof NumberText) {
    const number = Number(value.text)
    return /^-?\d+$/.test(value.text) && !Number.isSafeInteger(number) ? BigInt(value.text) : number
  }
  if (Array.isArray(value)) return value.map(plainJson)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plainJson(member)]))
  return value
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberText)

/** Settings of a body: texts, numbers and booleans as text, null as null. */
export const propsOf = (value: unknown, where: string): ConnectorProps => {
  if (value === undefined || value === null)
    throw malformed(
      `Cannot invoke "java.util.Map.get(Object)" because "${where}" is null`,
      where === 'config' ? `Put the settings under config: "config": ${example}` : `Send the settings: ${example}`,
    )
  if (!isObject(value)) {
    const kind = Array.isArray(value) ? 'Array value (token `JsonToken.START_ARRAY`)' : 'a value that is no object'
    throw malformed(
      `Cannot deserialize value of type \`java.util.LinkedHashMap<java.lang.String,java.lang.String>\` from ${kind}${place(1)}`,
      `Settings are one object: ${example}`,
    )
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      if (member === null || typeof member === 'string') return [key, member]
      if (member instanceof NumberText) return [key, member.text]
      if (typeof member === 'boolean') return [key, String(member)]
      throw malformed(
        `Cannot deserialize value of type \`java.lang.String\` from ${Array.isArray(member) ? 'Array value (token `JsonToken.START_ARRAY`)' : 'Object value (token `JsonToken.START_OBJECT`)'}: the setting ${key} must be a text${place(1)}`,
        key === 'config'
          ? 'Send the settings alone: name and config around them belong to POST /connectors'
          : `Write ${key} as a text`,
        key,
      )
    }),
  )
}
