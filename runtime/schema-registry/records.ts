import type { SchemaReference, SchemaType } from '../converters/registry/format.ts'

export const levels = [
  'NONE',
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
] as const
export type Level = (typeof levels)[number]

export const modes = ['READWRITE', 'READONLY', 'IMPORT'] as const
export type Mode = (typeof modes)[number]

/** A version of a subject, as it is stored. */
export interface SchemaVersion {
  readonly subject: string
  readonly version: number
  readonly id: number
  readonly type: SchemaType
  readonly references: readonly SchemaReference[]
  readonly text: string
  readonly deleted: boolean
}

export interface RegistryConfig {
  readonly compatibilityLevel?: Level
  readonly normalize?: boolean
}

// Keys and values as Confluent's registry writes them into its `_schemas` topic, members in its order.

export const schemaKey = (subject: string, version: number): string =>
  JSON.stringify({ keytype: 'SCHEMA', subject, version, magic: 1 })

export const schemaValue = ({ subject, version, id, type, references, text, deleted }: SchemaVersion): string =>
  JSON.stringify({
    subject,
    version,
    id,
    ...(type !== 'AVRO' && { schemaType: type }),
    ...(references.length > 0 && { references }),
    schema: text,
    deleted,
  })

/** Subject null: of the whole registry. */
export const settingKey = (keytype: 'CONFIG' | 'MODE', subject: string | null): string =>
  JSON.stringify({ keytype, subject, magic: 0 })

export const deleteSubjectKey = (subject: string): string =>
  JSON.stringify({ keytype: 'DELETE_SUBJECT', subject, magic: 0 })

/** All versions up to this one are deleted. */
export const deleteSubjectValue = (subject: string, version: number): string => JSON.stringify({ subject, version })

/** What is in a key, whichever kind it is. */
export interface ParsedKey {
  readonly keytype: string
  readonly subject: string | null
  readonly version?: number
}

/** What is in a value, whichever kind it is. */
export interface ParsedValue {
  readonly subject?: string
  readonly version?: number
  readonly id?: number
  readonly schemaType?: SchemaType
  readonly references?: readonly SchemaReference[] | null
  readonly schema?: string
  readonly deleted?: boolean
  readonly compatibilityLevel?: Level
  readonly normalize?: boolean
  readonly mode?: Mode
}

/** The key of a record that a registry needs, whatever its value holds. */
export const isRegistryKey = (key: string): boolean =>
  /^\s*\{/.test(key) && /"keytype"\s*:\s*"(?:SCHEMA|CONFIG|MODE|DELETE_SUBJECT)"/.test(key)
