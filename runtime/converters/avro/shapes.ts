import { type AvroType, type AvroUnion, isNamed, simpleName } from './model.ts'
import { type AvroSettings, defaultNamespace, mapEntry } from './settings.ts'

// How Avro's unions and arrays of entries are told apart; both ways of the mapping ask.

/** Names of union members, as the fields of the struct that stands for the union. */
export const memberName = (branch: AvroType, index: number, { enhanced, sumTypes }: AvroSettings): string => {
  if (sumTypes) return `connect_union_field_${index}`
  if (!isNamed(branch)) return branch.type
  return enhanced ? branch.name : simpleName(branch.name)
}

export const isNull = (type: AvroType): boolean => type.type === 'null'

/** The one branch beside null; undefined when there are more, or none. */
export const onlyBranch = ({ branches }: AvroUnion, { flatten }: AvroSettings): AvroType | undefined => {
  const others = branches.filter(branch => !isNull(branch))
  if (others.length !== 1) return undefined
  return others.length < branches.length || flatten ? others[0] : undefined
}

/** An array of entries stands for a map whose keys are no plain text. */
export const entryOf = (type: AvroType): { readonly key: AvroType; readonly value: AvroType } | undefined => {
  if (type.type !== 'array' || type.items.type !== 'record') return undefined
  const { name, props, fields } = type.items
  const isEntry = props['connect.internal.type'] === mapEntry || name === `${defaultNamespace}.${mapEntry}`
  const key = fields.find(field => field.name === 'key')
  const value = fields.find(field => field.name === 'value')
  return isEntry && fields.length === 2 && key !== undefined && value !== undefined
    ? { key: key.type, value: value.type }
    : undefined
}
