import { type Codec, structCodec } from './codec.ts'
import { Reader, Writer } from './primitives.ts'
import { ProtocolError, within } from './protocol-error.ts'
import type { DecodedOf, EncodableOf, Struct } from './schema.ts'

/** One request and its response, in all versions we speak. */
export interface Api<Q extends Struct = Struct, S extends Struct = Struct> {
  readonly key: number
  readonly name: string
  /** First and last version described. */
  readonly versions: readonly [min: number, max: number]
  /** First flexible version; missing: none is. */
  readonly flexible?: number
  readonly request: Q
  readonly response: S
}

/** A decoded request or response: every field present. */
export type RequestOf<A extends Api> = DecodedOf<A['request']>
export type ResponseOf<A extends Api> = DecodedOf<A['response']>
/** What may be encoded: fields left out take their defaults. */
export type RequestInputOf<A extends Api> = EncodableOf<A['request']>
export type ResponseInputOf<A extends Api> = EncodableOf<A['response']>

export const api = <Q extends Struct, S extends Struct>(description: Api<Q, S>): Api<Q, S> => description

export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
  /** Stands behind the client id: hand it to `decodeRequest`. */
  readonly reader: Reader
}

const API_VERSIONS_KEY = 18

export const isFlexible = (api: Api, version: number): boolean => api.flexible !== undefined && version >= api.flexible

export const isDescribed = (api: Api, version: number): boolean =>
  version >= api.versions[0] && version <= api.versions[1]

/** A client that asks with too new a version must understand the refusal: this one response never has a flexible header. */
const hasFlexibleResponseHeader = (api: Api, version: number): boolean =>
  api.key !== API_VERSIONS_KEY && isFlexible(api, version)

/**
 * A whole request frame, its 4 byte size first, as a list for writev. Record sets in `body` are in the list as they are,
 * not copied. Throws ProtocolError naming the field for a value the version cannot carry.
 */
export function encodeRequest<A extends Api>(
  api: A,
  version: number,
  header: { readonly correlationId: number; readonly clientId: string | null },
  body: RequestInputOf<A>,
): Buffer[] {
  const codec = codecOf(api, 'request', version)
  const writer = new Writer()
  writer.int32(0)
  writer.int16(api.key)
  writer.int16(version)
  writer.int32(header.correlationId)
  writer.nullableString(header.clientId)
  if (isFlexible(api, version)) writer.uvarint(0)
  return frame(writer, codec, body, api, version, 'request')
}

/** Reads the part of the header that all requests share; `buf` holds one frame without its size. */
export function decodeRequestHeader(buf: Buffer): RequestHeader {
  const reader = new Reader(buf)
  try {
    return {
      apiKey: reader.int16(),
      apiVersion: reader.int16(),
      correlationId: reader.int32(),
      clientId: reader.nullableString(),
      reader,
    }
  } catch (error) {
    throw within('request header', error)
  }
}

/** The body of a request whose header was read. */
export function decodeRequest<A extends Api>(api: A, version: number, reader: Reader): RequestOf<A> {
  const codec = codecOf(api, 'request', version)
  try {
    if (isFlexible(api, version)) reader.skipTaggedFields()
    return codec.read(reader) as RequestOf<A>
  } catch (error) {
    throw within(`${api.name} request v${version}`, error)
  }
}

/** A whole response frame, its 4 byte size first, as a list for writev. */
export function encodeResponse<A extends Api>(
  api: A,
  version: number,
  correlationId: number,
  body: ResponseInputOf<A>,
): Buffer[] {
  const codec = codecOf(api, 'response', version)
  const writer = new Writer()
  writer.int32(0)
  writer.int32(correlationId)
  if (hasFlexibleResponseHeader(api, version)) writer.uvarint(0)
  return frame(writer, codec, body, api, version, 'response')
}

/** The correlation id of a response frame without its size. */
export function responseCorrelationId(buf: Buffer): number {
  return new Reader(buf).int32()
}

/** The body of a response; `buf` holds one frame without its size. Record sets in it are views of `buf`. */
export function decodeResponse<A extends Api>(api: A, version: number, buf: Buffer): ResponseOf<A> {
  const codec = codecOf(api, 'response', version)
  const reader = new Reader(buf)
  try {
    reader.int32()
    if (hasFlexibleResponseHeader(api, version)) reader.skipTaggedFields()
    return codec.read(reader) as ResponseOf<A>
  } catch (error) {
    throw within(`${api.name} response v${version}`, error)
  }
}

function codecOf(api: Api, side: 'request' | 'response', version: number): Codec {
  if (!isDescribed(api, version)) {
    throw new ProtocolError(`version ${version} is not spoken, ${api.versions[0]} to ${api.versions[1]} are`, api.name)
  }
  return structCodec(api[side], version, isFlexible(api, version)) as Codec
}

function frame(writer: Writer, codec: Codec, body: unknown, api: Api, version: number, side: string): Buffer[] {
  try {
    codec.write(writer, body)
  } catch (error) {
    throw within(`${api.name} ${side} v${version}`, error)
  }
  const size = writer.length - 4
  if (size > 0x7fff_ffff) throw new ProtocolError(`frame of ${size} bytes`, `${api.name} ${side} v${version}`)
  const chunks = writer.finish()
  chunks[0]!.writeInt32BE(size, 0)
  return chunks
}
