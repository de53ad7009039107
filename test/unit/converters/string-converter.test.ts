import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteWriter, type Converter } from '../../../runtime/api/index.ts'
import { parseConfig, parseOrThrow } from '../../../runtime/config/parse.ts'
import { charsetNames } from '../../../runtime/converters/java-charset.ts'
import strings from '../../../runtime/converters/string-converter.ts'

const converter = (encoding: string): Converter =>
  strings.create(parseOrThrow(strings.config, { 'converter.encoding': encoding }) as never, 'value')

const units = (name: string): fc.Arbitrary<string> => {
  if (name.startsWith('UTF')) return fc.string({ unit: 'binary' }).filter(text => text.isWellFormed())
  const top = name.includes('ASCII') ? 0x7f : 0xff
  return fc.array(fc.integer({ min: 0, max: top })).map(codes => String.fromCharCode(...codes))
}

test.each(charsetNames)('%s comes back as it was, written in place or not', name => {
  const one = converter(name)
  fc.assert(
    fc.property(units(name), text => {
      const bytes = one.encode('t', null, text)!
      const out = new ByteWriter(4)
      expect(one.encodeInto!(out, 't', null, text)).toBe(true)
      expect(out.buf.subarray(0, out.pos)).toEqual(bytes)
      expect(one.decode('t', bytes).value).toBe(text)
    }),
  )
})

test.each([
  ['UTF-16', 'fffe6100', 'a'],
  ['UTF-16', '0061', 'a'],
  ['UTF-16BE', 'feff0061', '\ufeffa'],
  ['UTF-16LE', '610062', 'a\ufffd'],
  ['UTF-16BE', '006100', 'a\ufffd'],
  ['US-ASCII', '61e9', 'a\ufffd'],
])('%s reads %s', (name, hex, text) => {
  expect(converter(name).decode('t', Buffer.from(hex, 'hex')).value).toBe(text)
})

test.each([
  ['US-ASCII', 'é😀a', '3f3f61'],
  ['ISO-8859-1', 'é😀漢', 'e93f3f'],
])('%s has a question mark for what it cannot hold: %s', (name, text, hex) => {
  expect(Buffer.from(converter(name).encode('t', null, text)!).toString('hex')).toBe(hex)
})

test('a character set that is not there is a problem of the configuration, whose documentation says what there is', () => {
  const { problems } = parseConfig(strings.config, { 'converter.encoding': 'EBCDIC' })
  expect(problems.map(({ message }) => message)).toEqual(['Unsupported encoding EBCDIC'])
  expect(strings.config['converter.encoding'].doc).toContain('ISO-8859-1')
})
