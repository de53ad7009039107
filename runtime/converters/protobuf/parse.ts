import protobuf from 'protobufjs'
import { DataError } from '../../api/errors.ts'
import { descriptorText, isDescriptor } from './descriptor-text.ts'
import { knownFile } from './known-types.ts'
import {
  type ProtoEnum,
  type ProtoField,
  type ProtoFile,
  type ProtoMessage,
  plainField,
  type ScalarType,
} from './model.ts'
import { entryName } from './names.ts'

interface Features {
  readonly enum_type?: 'OPEN' | 'CLOSED'
}

const fullName = (object: protobuf.ReflectionObject): string => object.fullName.replace(/^\./, '')

/**
 * Parses a text and what it imports. An import that is neither resolved nor known is read past: it may only bring options;
 * a type that it should have brought is an error.
 */
const load = (
  text: string,
  resolved: ReadonlyMap<string, string>,
): [declared: readonly protobuf.ReflectionObject[], parsed: protobuf.IParserResult] => {
  const root = new protobuf.Root()
  const missing: string[] = []
  const seen = new Set<string>()
  const add = (registered: string, path: string): protobuf.IParserResult => {
    const source = isDescriptor(registered) ? descriptorText(registered) : registered
    // protobufjs would leave out what is called so.
    if (/\b__proto__\b/.test(source))
      throw new DataError(`The Protobuf schema${path} uses the name __proto__, which is not supported`)
    try {
      return protobuf.parse(source, root, { keepCase: true })
    } catch (error) {
      throw new DataError(`Cannot parse the Protobuf schema${path}: ${(error as Error).message}`, { cause: error })
    }
  }
  const follow = (parsed: protobuf.IParserResult): void => {
    for (const path of [...(parsed.imports ?? []), ...(parsed.weakImports ?? [])]) {
      if (seen.has(path)) continue
      seen.add(path)
      const source = resolved.get(path) ?? knownFile(path)
      if (source === undefined) missing.push(path)
      else follow(add(source, ` ${path}`))
    }
  }
  const parsed = add(text, '')
  // Before the imports come, which may share the package.
  const scope = parsed.package === undefined ? root : root.lookup(parsed.package)
  const top = scope instanceof protobuf.Namespace ? [...scope.nestedArray] : []
  follow(parsed)
  try {
    root.resolveAll()
  } catch (error) {
    const hint = missing.length === 0 ? '' : `; not found among its references: ${missing.join(', ')}`
    throw new DataError(`Cannot resolve the Protobuf schema: ${(error as Error).message}${hint}`, { cause: error })
  }
  return [top, parsed]
}

const isMessage = (object: protobuf.ReflectionObject): object is protobuf.Type =>
  object instanceof protobuf.Type && Reflect.get(object, 'group') !== true

/** `params` of `(confluent.field_meta)`, whether given as `{ params: [...] }` or as `.params = {...}`. */
const paramsOf = (field: protobuf.Field): ReadonlyMap<string, string> => {
  const params = new Map<string, string>()
  for (const option of field.parsedOptions ?? []) {
    const meta: unknown = option['(confluent.field_meta)'] ?? option['(.confluent.field_meta)']
    const listed: unknown =
      typeof meta === 'object' && meta !== null ? (meta as Record<string, unknown>)['params'] : undefined
    for (const entry of Array.isArray(listed) ? listed : [listed])
      if (typeof entry === 'object' && entry !== null) params.set(String(entry['key']), String(entry['value']))
  }
  return params
}

/** Turns protobufjs' reflection into the model; a message is made once, so that recursion ends. */
class Modeller {
  readonly #messages = new Map<protobuf.Type, ProtoMessage>()
  readonly #enums = new Map<protobuf.Enum, ProtoEnum>()

  message(type: protobuf.Type): ProtoMessage {
    const known = this.#messages.get(type)
    if (known !== undefined) return known
    const message: ProtoMessage = {
      kind: 'message',
      name: type.name,
      fullName: fullName(type),
      fields: [],
      oneofs: type.oneofsArray.filter(oneof => !oneof.isProto3Optional).map(oneof => oneof.name),
      messages: [],
      enums: [],
    }
    this.#messages.set(type, message)
    // An extension shows up among the fields of what it extends.
    for (const field of type.fieldsArray) if (field.declaringField === null) message.fields.push(this.#field(field))
    for (const nested of type.nestedArray) {
      if (isMessage(nested)) message.messages.push(this.message(nested))
      else if (nested instanceof protobuf.Enum) message.enums.push(this.enum(nested))
    }
    return message
  }

  #field(field: protobuf.Field): ProtoField {
    if (field.resolvedType instanceof protobuf.Type && field.delimited)
      throw new DataError(`The field ${fullName(field)} is a group, which Connect data cannot hold`)
    const proto3Optional = field.partOf?.isProto3Optional === true
    return {
      name: field.name,
      number: field.id,
      type: field instanceof protobuf.MapField ? this.#entry(field) : this.#type(field),
      repeated: field.repeated || field.map,
      required: field.required,
      presence: Boolean(field.hasPresence),
      proto3Optional,
      packed: field.repeated && field.packed,
      oneof: proto3Optional ? undefined : field.partOf?.name,
      params: paramsOf(field),
      standIn: field.getOption('default'),
    }
  }

  #type(field: protobuf.Field | protobuf.MapField): ProtoField['type'] {
    if (field.resolvedType instanceof protobuf.Type) return this.message(field.resolvedType)
    if (field.resolvedType instanceof protobuf.Enum) return this.enum(field.resolvedType)
    return field.type as ScalarType
  }

  enum(type: protobuf.Enum): ProtoEnum {
    const known = this.#enums.get(type)
    if (known !== undefined) return known
    const made: ProtoEnum = {
      kind: 'enum',
      name: type.name,
      fullName: fullName(type),
      values: Object.entries(type.values),
      closed: (type as unknown as { readonly _features: Features })._features.enum_type === 'CLOSED',
    }
    this.#enums.set(type, made)
    return made
  }

  // protobufjs keeps `map<>` as a field; on the wire it is a repeated message.
  #entry(field: protobuf.MapField): ProtoMessage {
    const name = entryName(field.name)
    return {
      kind: 'message',
      name,
      fullName: `${fullName(field.parent!)}.${name}`,
      fields: [plainField('key', 1, field.keyType as ScalarType), plainField('value', 2, this.#type(field))],
      oneofs: [],
      messages: [],
      enums: [],
    }
  }
}

/** The schema that a registered text declares. Throws DataError. */
export const parseProto = (text: string, resolved: ReadonlyMap<string, string>): ProtoFile => {
  const [declared, parsed] = load(text, resolved)
  const modeller = new Modeller()
  return {
    package: parsed.package ?? '',
    imports: parsed.imports ?? [],
    messages: declared.filter(isMessage).map(message => modeller.message(message)),
    enums: declared.filter(object => object instanceof protobuf.Enum).map(made => modeller.enum(made)),
  }
}
