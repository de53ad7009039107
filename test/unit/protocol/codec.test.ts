import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  api,
  decodeRequest,
  decodeRequestHeader,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  type RequestInputOf,
  type RequestOf,
} from '../../../runtime/protocol/api.ts'
import { structCodec } from '../../../runtime/protocol/codec.ts'
import { apiVersions } from '../../../runtime/protocol/messages/api-versions.ts'
import { fetch } from '../../../runtime/protocol/messages/fetch.ts'
import { metadata } from '../../../runtime/protocol/messages/metadata.ts'
import { produce } from '../../../runtime/protocol/messages/produce.ts'
import { Reader, Writer } from '../../../runtime/protocol/primitives.ts'
import { ProtocolError } from '../../../runtime/protocol/protocol-error.ts'
import { f, struct, versionRange } from '../../../runtime/protocol/schema.ts'

const sample = struct({
  old: f.int32('0-1', { default: -1 }),
  name: f.string('0+', { nullable: '2+' }),
  hint: f.string('2+', { nullable: '2+', default: null, ignorable: true }),
  tagged: f.int32('3+', { tag: 1, tagged: '3+', default: 7 }),
  list: f.array('int32', '0+', { nullable: '2+' }),
  inner: f.struct(struct({ a: f.int32('3+'), b: f.boolean('3+', { default: true }) }), '3+', { tag: 0, tagged: '3+' }),
})

const encode = (version: number, value: Parameters<ReturnType<typeof codec>['write']>[1]): string => {
  const writer = new Writer()
  codec(version).write(writer, value)
  return Buffer.concat(writer.finish()).toString('hex')
}
const codec = (version: number) => structCodec(sample, version, version >= 3)
const decode = (version: number, hex: string) => codec(version).read(new Reader(Buffer.from(hex, 'hex')))

describe('a struct', () => {
  it('writes defaults for what is left out, and reads them for what the version has not', () => {
    const hex = encode(0, { name: 'a' })
    expect(hex).toBe('ffffffff' + '000161' + '00000000')
    expect(decode(0, hex)).toEqual({ old: -1, name: 'a', hint: null, tagged: 7, list: [], inner: { a: 0, b: true } })
  })

  it('never hands the same array or struct out twice', () => {
    const hex = encode(0, {})
    const first = decode(0, hex)
    first.list?.push(5)
    const second = decode(0, hex)
    expect(second.list).toEqual([])
    expect(second.inner).not.toBe(first.inner)
  })

  it('refuses a value the version cannot carry', () => {
    expect(() => encode(2, { old: 3 })).toThrow('old: version 2 cannot carry it')
    expect(() => encode(2, { inner: { a: 1 } })).toThrow('inner: version 2 cannot carry it')
  })

  it('drops it when that is its default, or may be ignored', () => {
    expect(encode(2, { old: -1, inner: { a: 0, b: true } })).toBe(encode(2, {}))
    expect(encode(0, { hint: 'x' })).toBe(encode(0, {}))
  })

  it('refuses null where the version has none', () => {
    expect(() => encode(0, { name: null })).toThrow(ProtocolError)
    expect(() => encode(0, { list: null })).toThrow('list: null where an array is wanted')
    expect(() => decode(0, 'ffffffff' + 'ffff' + '00000000')).toThrow('name: null where string must not be null')
  })

  it('writes tagged fields in the order of their tags, and only those that differ from their default', () => {
    expect(encode(3, { name: null, list: null })).toBe('00' + '00' + '00' + '00')
    expect(encode(3, { name: null, list: null, tagged: 8, inner: { a: 1 } })).toBe(
      '00' + '00' + '00' + '02' + '00' + '06' + '000000010100' + '01' + '04' + '00000008',
    )
  })

  it('steps over tagged fields it does not know', () => {
    const value = decode(3, '00' + '00' + '00' + '02' + '01' + '04' + '00000009' + '63' + '03' + 'abcdef')
    expect(value.tagged).toBe(9)
  })

  it('refuses a tagged field whose size is not that of its value', () => {
    expect(() => decode(3, '00' + '00' + '00' + '01' + '01' + '05' + '0000000900')).toThrow(
      'tagged has 5 bytes, 1 left over',
    )
  })

  it('says where in the message an error is', () => {
    const body = { topics: [{ name: 'ok' }, { name: 1 as unknown as string }] }
    expect(() => encodeRequest(metadata, 9, { correlationId: 1, clientId: null }, body)).toThrow(
      'Metadata request v9.topics[1].name: number where a string is wanted',
    )
    expect(() => decodeResponse(metadata, 0, Buffer.from('00000000' + '00000001' + '00000001', 'hex'))).toThrow(
      /^Metadata response v0\.brokers\[0\]\.host: /,
    )
  })
})

describe('version ranges', () => {
  it.each([
    ['3+', 3, Number.POSITIVE_INFINITY],
    ['0-4', 0, 4],
    ['7', 7, 7],
  ])('%s', (text, min, max) => expect(versionRange(text)).toEqual({ min, max }))

  it('refuses others', () => expect(() => versionRange('none')).toThrow(TypeError))
})

describe('headers', () => {
  it('are flexible from the first flexible version on', () => {
    const bytes = (version: number) =>
      Buffer.concat(encodeRequest(metadata, version, { correlationId: 5, clientId: 'me' }, { topics: [] })).toString(
        'hex',
      )
    expect(bytes(0)).toBe('00000010' + '0003' + '0000' + '00000005' + '00026d65' + '00000000')
    expect(bytes(12)).toBe('00000011' + '0003' + '000c' + '00000005' + '00026d65' + '00' + '01' + '01' + '00' + '00')
  })

  it('carry no tagged fields in the response to ApiVersions', () => {
    const [response] = encodeResponse(apiVersions, 3, 5, {})
    expect(response!.toString('hex')).toBe('0000000c' + '00000005' + '0000' + '01' + '00000000' + '00')
    expect(decodeResponse(apiVersions, 3, response!.subarray(4)).errorCode).toBe(0)
  })

  it('refuse versions that are not described', () => {
    expect(() => encodeRequest(metadata, 14, { correlationId: 1, clientId: null }, {})).toThrow(
      'Metadata: version 14 is not spoken, 0 to 13 are',
    )
    expect(() => decodeResponse(metadata, -1, Buffer.alloc(20))).toThrow(ProtocolError)
  })

  it('refuse a cut off request', () => {
    expect(() => decodeRequestHeader(Buffer.from('0003', 'hex'))).toThrow('request header: ')
  })
})

describe('record sets', () => {
  const records = [Buffer.from('first'), Buffer.from('second')]
  const body = { acks: -1, topicData: [{ name: 't', partitionData: [{ index: 1, records }] }] }

  it.each([3, 9])('go through Produce v%i without a copy', version => {
    const chunks = encodeRequest(produce, version, { correlationId: 1, clientId: 'c' }, body)
    expect(chunks).toContain(records[0])
    expect(chunks).toContain(records[1])
    const frame = Buffer.concat(chunks)
    const header = decodeRequestHeader(frame.subarray(4))
    const decoded = decodeRequest(produce, version, header.reader)
    const view = decoded.topicData[0]!.partitionData[0]!.records!
    expect(view.toString()).toBe('firstsecond')
    expect(view.buffer).toBe(frame.buffer)
  })

  it('may be null', () => {
    const partitions = [{ partitionIndex: 0, records: null }]
    for (const version of [4, 13]) {
      const frame = Buffer.concat(encodeResponse(fetch, version, 1, { responses: [{ partitions }] }))
      expect(decodeResponse(fetch, version, frame.subarray(4)).responses[0]!.partitions[0]!.records).toBeNull()
    }
  })
})

describe('types', () => {
  it('come from the description', () => {
    const description = api({ key: 1, name: 'X', versions: [0, 3], flexible: 3, request: sample, response: struct({}) })
    type Decoded = RequestOf<typeof description>
    expectTypeOf<Decoded>().toEqualTypeOf<{
      readonly old: number
      readonly name: string | null
      readonly hint: string | null
      readonly tagged: number
      readonly list: number[] | null
      readonly inner: { readonly a: number; readonly b: boolean }
    }>()
    type Input = RequestInputOf<typeof description>
    expectTypeOf<{ name: string }>().toExtend<Input>()
    expectTypeOf<{ name: number }>().not.toExtend<Input>()
    expectTypeOf<Decoded>().toExtend<Input>()
  })
})
