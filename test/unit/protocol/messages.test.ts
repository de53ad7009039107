import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeRequest,
  decodeRequestHeader,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  isFlexible,
} from '../../../runtime/protocol/api.ts'
import { apis } from '../../../runtime/protocol/apis.ts'
import { structCodec } from '../../../runtime/protocol/codec.ts'
import { consumerAssignment, consumerSubscription } from '../../../runtime/protocol/consumer-protocol.ts'
import { Reader, Writer } from '../../../runtime/protocol/primitives.ts'
import { ProtocolError } from '../../../runtime/protocol/protocol-error.ts'
import { type Field, type FieldType, inRange, type Struct } from '../../../runtime/protocol/schema.ts'
import { arbitraryStruct, expectedStruct } from './arbitrary-message.ts'

const everyVersion = [...apis.values()].flatMap(api =>
  Array.from({ length: api.versions[1] - api.versions[0] + 1 }, (_, i) => ({ api, version: api.versions[0] + i })),
)

/** Fields whose default a version cannot write must be given; no other message needs any. */
const complete = (struct: Struct, version: number, value: Record<string, unknown>): Record<string, unknown> => {
  const full: Record<string, unknown> = { ...value }
  for (const [name, field] of Object.entries(struct.fields)) {
    if (!inRange(version, field.versions)) continue
    if (full[name] === undefined && field.initial === null && !inRange(version, field.nullable)) {
      full[name] = field.type.kind === 'scalar' && field.type.name === 'string' ? '' : Buffer.alloc(0)
    } else if (full[name] !== undefined) full[name] = completeType(field.type, version, full[name])
  }
  return full
}

const completeType = (type: FieldType, version: number, value: unknown): unknown => {
  if (value === null || type.kind === 'scalar') return value
  if (type.kind === 'struct') return complete(type.struct, version, value as Record<string, unknown>)
  return (value as unknown[]).map(element => completeType(type.element, version, element))
}

describe('every message in every version', () => {
  it.each(everyVersion)('$api.name v$version: a request comes back as it was', ({ api, version }) => {
    fc.assert(
      fc.property(arbitraryStruct(api.request, version), fc.option(fc.string()), (value, clientId) => {
        const given = complete(api.request, version, value)
        const frame = Buffer.concat(encodeRequest(api, version, { correlationId: 77, clientId }, given))
        expect(frame.readInt32BE(0)).toBe(frame.length - 4)
        const header = decodeRequestHeader(frame.subarray(4))
        expect(header).toMatchObject({ apiKey: api.key, apiVersion: version, correlationId: 77, clientId })
        const decoded = decodeRequest(api, version, header.reader)
        expect(decoded).toEqual(expectedStruct(api.request, version, given))
        expect(header.reader.remaining).toBe(0)
      }),
      { numRuns: 10 },
    )
  })

  it.each(everyVersion)('$api.name v$version: a response comes back as it was', ({ api, version }) => {
    fc.assert(
      fc.property(arbitraryStruct(api.response, version), value => {
        const given = complete(api.response, version, value)
        const frame = Buffer.concat(encodeResponse(api, version, 78, given))
        expect(frame.readInt32BE(0)).toBe(frame.length - 4)
        expect(frame.readInt32BE(4)).toBe(78)
        expect(decodeResponse(api, version, frame.subarray(4))).toEqual(expectedStruct(api.response, version, given))
      }),
      { numRuns: 10 },
    )
  })

  it('survives arbitrary bytes with nothing but protocol errors', () => {
    const versions = fc.constantFrom(...everyVersion)
    const small = fc.uint8Array({ maxLength: 120 })
    // Small numbers make plausible lengths, which get further than noise does.
    const plausible = fc.array(fc.constantFrom(0, 0, 0, 1, 2, 3, 255), { maxLength: 120 })
    fc.assert(
      fc.property(versions, fc.oneof(small, plausible), ({ api, version }, noise) => {
        const bytes = Buffer.from(noise)
        for (const decode of [
          () => decodeRequest(api, version, new Reader(bytes)),
          () => decodeResponse(api, version, bytes),
          () => decodeRequestHeader(bytes),
        ]) {
          try {
            decode()
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError)
          }
        }
      }),
      { numRuns: 3000 },
    )
  })
})

interface Golden {
  readonly message: string
  readonly version: number
  readonly value: Record<string, unknown>
  readonly hex: string
}

const golden: readonly Golden[] = JSON.parse(
  readFileSync(new URL('../../golden/protocol/messages.json', import.meta.url), 'utf8'),
)

/** Golden values are JSON: bytes are base64 there. */
const fromJson = (type: FieldType, value: unknown): unknown => {
  if (value === null) return null
  if (type.kind === 'array') return (value as unknown[]).map(element => fromJson(type.element, element))
  if (type.kind === 'struct') {
    const fields = type.struct.fields as Record<string, Field>
    return Object.fromEntries(
      Object.entries(value as Record<string, unknown>).map(([name, inner]) => [
        name,
        fromJson(fields[name]!.type, inner),
      ]),
    )
  }
  if (type.name === 'bytes' || type.name === 'records') return Buffer.from(value as string, 'base64')
  return type.name === 'bigint64' ? BigInt(value as number) : value
}

const describedAs = (message: string, version: number): { struct: Struct; flexible: boolean } => {
  if (message === 'ConsumerProtocolSubscription') return { struct: consumerSubscription, flexible: false }
  if (message === 'ConsumerProtocolAssignment') return { struct: consumerAssignment, flexible: false }
  const api = [...apis.values()].find(({ name }) => message === `${name}Request` || message === `${name}Response`)!
  return { struct: message.endsWith('Request') ? api.request : api.response, flexible: isFlexible(api, version) }
}

describe('bytes written by Kafka', () => {
  it('covers every API', () => {
    const seen = new Set(golden.map(({ message }) => message.replace(/(Request|Response)$/, '')))
    for (const { name } of apis.values()) expect(seen).toContain(name)
  })

  it.each(golden)('$message v$version', ({ message, version, value, hex }) => {
    const { struct, flexible } = describedAs(message, version)
    const codec = structCodec(struct, version, flexible)
    const given = fromJson({ kind: 'struct', struct }, value) as Record<string, unknown>
    const writer = new Writer()
    codec.write(writer, given)
    expect(Buffer.concat(writer.finish()).toString('hex')).toBe(hex)
    const reader = new Reader(Buffer.from(hex, 'hex'))
    expect(codec.read(reader)).toEqual(expectedStruct(struct, version, given))
    expect(reader.remaining).toBe(0)
  })
})
