import { Decimal } from '../../api/decimal.ts'
import { DataError } from '../../api/errors.ts'
import { DATE, DECIMAL, TIME, TIMESTAMP } from '../../api/logical.ts'
import type { Schema } from '../../api/schema.ts'
import type { AvroType } from './model.ts'
import type { AvroSettings } from './settings.ts'
import { entryOf, isNull, memberName, onlyBranch } from './shapes.ts'

const misfit = (type: AvroType, value: unknown): DataError =>
  new DataError(`The default ${JSON.stringify(value)} is no value of its Avro type ${type.type}`)

/** A default of a schema's text as the value that Connect has for it. A union's is of its first branch. Throws DataError. */
export const connectDefault = (type: AvroType, schema: Schema, json: unknown, settings: AvroSettings): unknown => {
  if (type.type === 'union') {
    const only = onlyBranch(type, settings)
    const first = type.branches[0]
    if (first === undefined || isNull(first) || json === null) return null
    if (only !== undefined) return connectDefault(only, schema, json, settings)
    const name = memberName(first, 0, settings)
    return { [name]: connectDefault(first, schema.field(name)!.schema, json, settings) }
  }
  switch (type.type) {
    case 'boolean':
      if (typeof json !== 'boolean') throw misfit(type, json)
      return json
    case 'int':
    case 'long':
      if (typeof json !== 'number' || !Number.isInteger(json)) throw misfit(type, json)
      if (schema.name === DATE) return new Date(json * 86_400_000)
      return schema.name === TIME || schema.name === TIMESTAMP ? new Date(json) : json
    case 'float':
    case 'double':
      if (typeof json !== 'number') throw misfit(type, json)
      return json
    case 'string':
    case 'enum':
      if (typeof json !== 'string') throw misfit(type, json)
      return json
    case 'bytes':
    case 'fixed': {
      if (typeof json !== 'string') throw misfit(type, json)
      const bytes = Buffer.from(json, 'latin1')
      return schema.name === DECIMAL ? Decimal.fromBytes(bytes, Number(schema.parameters?.['scale'] ?? 0)) : bytes
    }
    case 'array': {
      if (!Array.isArray(json)) throw misfit(type, json)
      const entry = entryOf(type)
      if (entry === undefined) return json.map(item => connectDefault(type.items, schema.valueSchema!, item, settings))
      return new Map(
        json.map((item: { readonly key: unknown; readonly value: unknown }) => [
          connectDefault(entry.key, schema.keySchema!, item.key, settings),
          connectDefault(entry.value, schema.valueSchema!, item.value, settings),
        ]),
      )
    }
    case 'map':
      if (typeof json !== 'object' || json === null) throw misfit(type, json)
      return new Map(
        Object.entries(json).map(([key, item]) => [
          key,
          connectDefault(type.values, schema.valueSchema!, item, settings),
        ]),
      )
    case 'record': {
      if (typeof json !== 'object' || json === null) throw misfit(type, json)
      const members = json as Readonly<Record<string, unknown>>
      return Object.fromEntries(
        type.fields.map(field => [
          field.name,
          connectDefault(
            field.type,
            schema.field(field.name)!.schema,
            (Object.hasOwn(members, field.name) ? members[field.name] : undefined) ?? field.default ?? null,
            settings,
          ),
        ]),
      )
    }
    case 'null':
      return null
  }
}
