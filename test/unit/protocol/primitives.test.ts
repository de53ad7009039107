import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Reader, Writer, ZERO_UUID } from '../../../runtime/protocol/primitives.ts'
import { ProtocolError } from '../../../runtime/protocol/protocol-error.ts'

const written = (write: (writer: Writer) => void): string => {
  const writer = new Writer(1)
  write(writer)
  const length = writer.length
  const bytes = Buffer.concat(writer.finish())
  expect(length).toBe(bytes.length)
  return bytes.toString('hex')
}

const reading = (hex: string): Reader => new Reader(Buffer.from(hex, 'hex'))

describe('known bytes', () => {
  const vectors: readonly [string, (writer: Writer) => void, (reader: Reader) => unknown, unknown][] = [
    ['00', w => w.boolean(false), r => r.boolean(), false],
    ['01', w => w.boolean(true), r => r.boolean(), true],
    ['80', w => w.int8(-128), r => r.int8(), -128],
    ['8000', w => w.int16(-32_768), r => r.int16(), -32_768],
    ['ffff', w => w.uint16(65_535), r => r.uint16(), 65_535],
    ['80000000', w => w.int32(-(2 ** 31)), r => r.int32(), -(2 ** 31)],
    ['ffffffff', w => w.uint32(2 ** 32 - 1), r => r.uint32(), 2 ** 32 - 1],
    ['001fffffffffffff', w => w.int64(Number.MAX_SAFE_INTEGER), r => r.int64(), Number.MAX_SAFE_INTEGER],
    ['ffe0000000000001', w => w.int64(Number.MIN_SAFE_INTEGER), r => r.int64(), Number.MIN_SAFE_INTEGER],
    ['ffffffffffffffff', w => w.int64(-1), r => r.int64(), -1],
    ['7fffffffffffffff', w => w.bigint64(2n ** 63n - 1n), r => r.bigint64(), 2n ** 63n - 1n],
    ['3ff8000000000000', w => w.float64(1.5), r => r.float64(), 1.5],
    ['7f', w => w.uvarint(127), r => r.uvarint(), 127],
    ['8001', w => w.uvarint(128), r => r.uvarint(), 128],
    ['ffffffff0f', w => w.uvarint(2 ** 32 - 1), r => r.uvarint(), 2 ** 32 - 1],
    ['01', w => w.varint(-1), r => r.varint(), -1],
    ['8001', w => w.varint(64), r => r.varint(), 64],
    ['ffffffff0f', w => w.varint(-(2 ** 31)), r => r.varint(), -(2 ** 31)],
    ['feffffffffffff1f', w => w.varlong(Number.MAX_SAFE_INTEGER), r => r.varlong(), Number.MAX_SAFE_INTEGER],
    ['00026869', w => w.string('hi'), r => r.string(), 'hi'],
    ['0002c3a9', w => w.string('é'), r => r.string(), 'é'],
    ['ffff', w => w.nullableString(null), r => r.nullableString(), null],
    ['036869', w => w.compactString('hi'), r => r.compactString(), 'hi'],
    ['00', w => w.compactNullableString(null), r => r.compactNullableString(), null],
    ['00000001ff', w => w.bytes(Buffer.from([255])), r => r.bytes(), Buffer.from([255])],
    ['ffffffff', w => w.nullableBytes(null), r => r.nullableBytes(), null],
    ['02ff', w => w.compactBytes(Buffer.from([255])), r => r.compactBytes(), Buffer.from([255])],
    ['00', w => w.compactNullableBytes(null), r => r.compactNullableBytes(), null],
    ['0'.repeat(32), w => w.uuid(ZERO_UUID), r => r.uuid(), ZERO_UUID],
    [
      '000102030405060708090a0b0c0d0e0f',
      w => w.uuid('AAECAwQFBgcICQoLDA0ODw'),
      r => r.uuid(),
      'AAECAwQFBgcICQoLDA0ODw',
    ],
  ]

  it.each(vectors)('%s', (hex, write, read, value) => {
    expect(written(write)).toBe(hex)
    const reader = reading(hex)
    expect(read(reader)).toEqual(value)
    expect(reader.remaining).toBe(0)
  })
})

describe('any number comes back as it was', () => {
  it.each([
    ['int64', fc.maxSafeInteger(), (w: Writer, n: number) => w.int64(n), (r: Reader) => r.int64()],
    ['varint', fc.integer(), (w: Writer, n: number) => w.varint(n), (r: Reader) => r.varint()],
    ['varlong', fc.maxSafeInteger(), (w: Writer, n: number) => w.varlong(n), (r: Reader) => r.varlong()],
    [
      'uvarint',
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      (w: Writer, n: number) => w.uvarint(n),
      (r: Reader) => r.uvarint(),
    ],
  ])('%s', (_name, numbers, write, read) => {
    fc.assert(
      fc.property(numbers, number => {
        expect(read(reading(written(writer => write(writer, number)))) + 0).toBe(number + 0)
      }),
    )
  })
})

describe('refuses', () => {
  it.each<[string, (writer: Writer) => void]>([
    ['a fraction', w => w.int32(1.5)],
    ['NaN', w => w.int64(Number.NaN)],
    ['an unsafe integer', w => w.int64(2 ** 53)],
    ['128 as int8', w => w.int8(128)],
    ['40000 as int16', w => w.int16(40_000)],
    ['-1 as uint16', w => w.uint16(-1)],
    ['2^31 as int32', w => w.int32(2 ** 31)],
    ['-1 as uvarint', w => w.uvarint(-1)],
    ['2^63 as bigint64', w => w.bigint64(2n ** 63n)],
    ['a string beyond 32767 bytes', w => w.string('é'.repeat(16_384))],
    ['a compact string beyond 32767 bytes', w => w.compactString('x'.repeat(32_768))],
    ['a uuid in the usual notation', w => w.uuid('00000000-0000-0000-0000-000000000000')],
    ['a uuid of 129 bits', w => w.uuid('AAAAAAAAAAAAAAAAAAAAAB')],
    ['a number for a boolean', w => w.boolean(1 as unknown as boolean)],
    ['a number for a string', w => w.compactString(1 as unknown as string)],
    ['a string for bytes', w => w.bytes('x' as unknown as Buffer)],
  ])('to write %s', (_what, write) => {
    expect(() => written(write)).toThrow(ProtocolError)
  })

  it.each<[string, string, (reader: Reader) => unknown]>([
    ['half an int32', '0000', r => r.int32()],
    ['an int64 beyond 2^53', '0020000000000000', r => r.int64()],
    ['an int64 below -2^53', '8000000000000000', r => r.int64()],
    ['a uvarint of 33 bits', 'ffffffff1f', r => r.uvarint()],
    ['a uvarint without an end', 'ffff', r => r.uvarint()],
    ['a varlong of 11 bytes', 'ffffffffffffffffffff01', r => r.varlong()],
    ['a varlong beyond 2^53', 'ffffffffffffffffff01', r => r.varlong()],
    ['a string longer than what is left', '00056869', r => r.string()],
    ['a string of length -2', 'fffe', r => r.nullableString()],
    ['a null string', 'ffff', r => r.string()],
    ['a compact null string', '00', r => r.compactString()],
    ['null bytes', 'ffffffff', r => r.bytes()],
    ['bytes of length -2', 'fffffffe', r => r.nullableBytes()],
    ['an array longer than what is left', '7fffffff00', r => r.arrayLength()],
    ['a compact array longer than what is left', 'ffffffff0f', r => r.compactArrayLength()],
    ['tagged fields that are cut off', '01000500', r => r.skipTaggedFields()],
  ])('to read %s', (_what, hex, read) => {
    expect(() => read(reading(hex))).toThrow(ProtocolError)
  })
})

describe('Reader', () => {
  it('stays within its part of the buffer', () => {
    expect(() => new Reader(Buffer.alloc(8), 2, 5).int32()).toThrow('4 bytes wanted at position 2, 3 left')
  })

  it('gives bytes as views', () => {
    const buf = Buffer.from('00000002abcd', 'hex')
    const bytes = new Reader(buf).bytes()
    expect(bytes.buffer).toBe(buf.buffer)
    expect(bytes.toString('hex')).toBe('abcd')
  })
})

describe('Writer', () => {
  it('passes foreign bytes on without copying them', () => {
    const foreign = Buffer.from('foreign')
    const writer = new Writer(4)
    writer.int32(1)
    writer.foreign(foreign)
    writer.foreign(Buffer.alloc(0))
    writer.string('x'.repeat(500))
    expect(writer.length).toBe(4 + 7 + 502)
    const chunks = writer.finish()
    expect(chunks).toHaveLength(3)
    expect(chunks[1]).toBe(foreign)
    expect(Buffer.concat(chunks).toString('latin1')).toBe(`\0\0\0\x01foreign\x01\xf4${'x'.repeat(500)}`)
  })
})
