import { structCodec } from './codec.ts'
import { Reader, Writer } from './primitives.ts'
import { ProtocolError, within } from './protocol-error.ts'
import type { DecodedOf, EncodableOf, Struct } from './schema.ts'

type Versions = readonly [min: number, max: number]

/** A struct after its version, as it stands inside Kafka's group messages. Throws ProtocolError naming `place`. */
export function encodeVersioned<S extends Struct>(
  description: S,
  [min, max]: Versions,
  version: number,
  value: EncodableOf<S>,
  place: string,
): Buffer {
  if (version < min || version > max) throw new ProtocolError(`version ${version} is not spoken`, place)
  const writer = new Writer()
  try {
    writer.int16(version)
    structCodec(description, version, false).write(writer, value)
  } catch (error) {
    throw within(`${place} v${version}`, error)
  }
  return Buffer.concat(writer.finish())
}

/** Newer versions only add at the end: they are read as the newest we know, as Kafka's clients do. `rest`: what follows. */
export function decodeVersioned<S extends Struct>(
  description: S,
  [min, max]: Versions,
  bytes: Buffer,
  place: string,
): { readonly version: number; readonly value: DecodedOf<S>; readonly rest: Buffer } {
  const reader = new Reader(bytes)
  try {
    const version = reader.int16()
    if (version < min) throw new ProtocolError(`version ${version}`)
    const value = structCodec(description, Math.min(version, max), false).read(reader)
    return { version, value, rest: bytes.subarray(bytes.length - reader.remaining) }
  } catch (error) {
    throw within(place, error)
  }
}
