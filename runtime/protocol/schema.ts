import { EMPTY_BYTES, ZERO_UUID } from './primitives.ts'

/**
 * The language in which Kafka's messages are described, once: the TypeScript types of both directions and the codecs come
 * from the same literal.
 *
 *     struct({ name: f.string('0+', { nullable: '10+' }), partitions: f.array(struct({ index: f.int32('0+') }), '0+') })
 *
 * Versions are ranges: `3+`, `0-4`, `7`. Field names are those of Kafka's published definitions, first letter in lower case.
 */

/** What a scalar is in a decoded message. INT64 is a number, exact or an error (invariant 9); records are raw batches. */
export interface Scalars {
  boolean: boolean
  int8: number
  int16: number
  uint16: number
  int32: number
  uint32: number
  int64: number
  /** An int64 whose values go beyond 2^53. */
  bigint64: bigint
  float64: number
  string: string
  uuid: string
  bytes: Buffer
  records: Buffer
}

/** What may be given to be encoded; a list of record sets is sent without being joined. */
export interface ScalarInputs extends Omit<Scalars, 'bytes' | 'records'> {
  bytes: Uint8Array
  records: Buffer | readonly Buffer[]
}

export type ScalarName = keyof Scalars

export type FieldType =
  | { readonly kind: 'scalar'; readonly name: ScalarName }
  | { readonly kind: 'struct'; readonly struct: Struct }
  | { readonly kind: 'array'; readonly element: FieldType }

/** Inclusive; the empty range has min > max. */
export interface VersionRange {
  readonly min: number
  readonly max: number
}

export interface FieldOptions<D> {
  /** Versions in which null is a value. */
  readonly nullable?: string
  /** Number among the tagged fields, with `tagged`: the versions in which it is one. */
  readonly tag?: number
  readonly tagged?: string
  /** What an absent field decodes to, and what is written when none is given. Without it Kafka's zero of the type. */
  readonly default?: D | null
  /** A value the version cannot carry is dropped instead of being an error. */
  readonly ignorable?: boolean
}

/** `D` is the decoded type, `E` the accepted one; `decoded` and `encoded` exist in the type only. */
export interface Field<D = unknown, E = unknown> {
  readonly type: FieldType
  readonly versions: VersionRange
  readonly nullable: VersionRange
  readonly tagged: VersionRange
  /** -1: no tagged field. */
  readonly tag: number
  readonly initial: unknown
  readonly ignorable: boolean
  readonly decoded?: D
  readonly encoded?: E
}

export type Fields = Readonly<Record<string, Field>>

export interface Struct<F extends Fields = Fields> {
  readonly fields: F
}

export const struct = <const F extends Fields>(fields: F): Struct<F> => ({ fields })

/** A decoded struct: every field is there, with its default where the version has none. */
export type DecodedOf<S> = S extends Struct<infer F> ? { [K in keyof F]: Exclude<F[K]['decoded'], undefined> } : never

/** What may be encoded as this struct: fields left out take their default. */
export type EncodableOf<S> =
  S extends Struct<infer F> ? { readonly [K in keyof F]?: Exclude<F[K]['encoded'], undefined> } : never

type OrNull<T, O> = O extends { readonly nullable: string } ? T | null : T

type ScalarField<D, E> = <const O extends FieldOptions<D> = FieldOptions<D>>(
  versions: string,
  options?: O,
) => Field<OrNull<D, O>, OrNull<E, O>>

type ElementDecoded<T> = T extends ScalarName ? Scalars[T] : DecodedOf<T>
type ElementEncodable<T> = T extends ScalarName ? ScalarInputs[T] : EncodableOf<T>

const NEVER: VersionRange = { min: 1, max: 0 }

/** Parses `3+`, `0-4` or `7`. */
export function versionRange(text: string): VersionRange {
  const match = /^(\d+)(\+|-(\d+))?$/.exec(text)
  if (match === null) throw new TypeError(`'${text}' is no version range such as 3+, 0-4 or 7`)
  const min = Number(match[1])
  if (match[2] === '+') return { min, max: Number.POSITIVE_INFINITY }
  return { min, max: match[3] === undefined ? min : Number(match[3]) }
}

export const inRange = (version: number, range: VersionRange): boolean => version >= range.min && version <= range.max

const zeros: { readonly [N in ScalarName]: Scalars[N] | null } = {
  boolean: false,
  int8: 0,
  int16: 0,
  uint16: 0,
  int32: 0,
  uint32: 0,
  int64: 0,
  bigint64: 0n,
  float64: 0,
  string: '',
  uuid: ZERO_UUID,
  bytes: EMPTY_BYTES,
  records: null,
}

function field<D, E>(type: FieldType, versions: string, options: FieldOptions<unknown> = {}): Field<D, E> {
  return {
    type,
    versions: versionRange(versions),
    nullable: options.nullable === undefined ? NEVER : versionRange(options.nullable),
    tagged: options.tagged === undefined ? NEVER : versionRange(options.tagged),
    tag: options.tag ?? -1,
    // For arrays and structs undefined stands for a fresh empty one: it must not be shared between messages.
    initial: options.default !== undefined ? options.default : type.kind === 'scalar' ? zeros[type.name] : undefined,
    ignorable: options.ignorable ?? false,
  }
}

const scalar =
  <N extends ScalarName>(name: N): ScalarField<Scalars[N], ScalarInputs[N]> =>
  (versions, options) =>
    field({ kind: 'scalar', name }, versions, options)

/** The fields of a struct. */
export const f = {
  boolean: scalar('boolean'),
  int8: scalar('int8'),
  int16: scalar('int16'),
  uint16: scalar('uint16'),
  int32: scalar('int32'),
  uint32: scalar('uint32'),
  int64: scalar('int64'),
  bigint64: scalar('bigint64'),
  float64: scalar('float64'),
  string: scalar('string'),
  uuid: scalar('uuid'),
  bytes: scalar('bytes'),
  records: scalar('records'),

  /** A struct within a struct; nullable ones are preceded by one byte. */
  struct<S extends Struct, const O extends FieldOptions<never> = FieldOptions<never>>(
    inner: S,
    versions: string,
    options?: O,
  ): Field<OrNull<DecodedOf<S>, O>, OrNull<EncodableOf<S>, O>> {
    return field({ kind: 'struct', struct: inner }, versions, options)
  },

  array<T extends Struct | ScalarName, const O extends FieldOptions<never> = FieldOptions<never>>(
    element: T,
    versions: string,
    options?: O,
  ): Field<OrNull<ElementDecoded<T>[], O>, OrNull<readonly ElementEncodable<T>[], O>> {
    const type: FieldType =
      typeof element === 'string' ? { kind: 'scalar', name: element } : { kind: 'struct', struct: element }
    return field({ kind: 'array', element: type }, versions, options)
  },
}
