import { expect, test } from 'vitest'
import type { JavaClass, JavaValue } from '../../../../../connectors/postgres/incremental/java-objects.ts'
import { readJavaArray } from '../../../../../connectors/postgres/incremental/java-reader.ts'
import { writeJavaArray } from '../../../../../connectors/postgres/incremental/java-writer.ts'

const value = (type: JavaClass, text: string): JavaValue => ({ type, text })
const start = 'aced0005757200135b4c6a6176612e6c616e672e4f626a6563743b90ce589f1073296c020000787000000'

/** What ObjectOutputStream.writeObject of these arrays writes (JDK 21). */
const written: readonly [name: string, values: readonly JavaValue[], hex: string][] = [
  [
    'integers',
    [value('Integer', '1000'), value('Integer', '2000')],
    '002737200116a6176612e6c616e672e496e746567657212e2a0a4f781873802000149000576616c7565787200106a6176612e6c616e672e4e756d62657286ac951d0b94e08b0200007870000003e87371007e0002000007d0',
  ],
  [
    'a long',
    [value('Long', '9007199254740993')],
    '0017372000e6a6176612e6c616e672e4c6f6e673b8be490cc8f23df0200014a000576616c7565787200106a6176612e6c616e672e4e756d62657286ac951d0b94e08b02000078700020000000000001',
  ],
  [
    'a short',
    [value('Short', '-3')],
    '0017372000f6a6176612e6c616e672e53686f7274684d37133460da5202000153000576616c7565787200106a6176612e6c616e672e4e756d62657286ac951d0b94e08b0200007870fffd',
  ],
  ['a text with a zero and a pair', [value('String', 'grün\0x😀')], '00174000e6772c3bc6ec08078eda0bdedb880'],
  ['the same text twice', [value('String', 'z'), value('String', 'z')], '0027400017a71007e0002'],
  [
    'a uuid',
    [value('UUID', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')],
    '0017372000e6a6176612e7574696c2e55554944bc9903f7986d852f0200024a000c6c65617374536967426974734a000b6d6f7374536967426974737870bb6d6bb9bd380a11a0eebc999c0b4ef8',
  ],
  [
    'decimals',
    [value('BigDecimal', '-12345678901234567890.123'), value('BigDecimal', '0.10')],
    '002737200146a6176612e6d6174682e426967446563696d616c54c71557f981284f0300024900057363616c654c0006696e7456616c7400164c6a6176612f6d6174682f426967496e74656765723b787200106a6176612e6c616e672e4e756d62657286ac951d0b94e08b020000787000000003737200146a6176612e6d6174682e426967496e74656765728cfc9f1fa93bfb1d030006490008626974436f756e744900096269744c656e67746849001366697273744e6f6e7a65726f427974654e756d49000c6c6f776573745365744269744900067369676e756d5b00096d61676e69747564657400025b427871007e0004fffffffffffffffffffffffefffffffeffffffff757200025b42acf317f8060854e002000078700000000a029d42b64e76714244cb78787371007e0002000000027371007e0006fffffffffffffffffffffffefffffffe000000017571007e0009000000010a7878',
  ],
  [
    'a boolean',
    [value('Boolean', 'true')],
    '001737200116a6176612e6c616e672e426f6f6c65616ecd207280d59cfaee0200015a000576616c7565787001',
  ],
  [
    'a timestamp',
    [value('String', '2024-01-10 00:00:00.123456')],
    '00174001a323032342d30312d31302030303a30303a30302e313233343536',
  ],
  ['bytes', [value('byte[]', '\\x0103')], '001757200025b42acf317f8060854e00200007870000000020103'],
  [
    'a double',
    [value('Double', '9.5')],
    '001737200106a6176612e6c616e672e446f75626c6580b3c24a296bfb0402000144000576616c7565787200106a6176612e6c616e672e4e756d62657286ac951d0b94e08b02000078704023000000000000',
  ],
  [
    'a float',
    [value('Float', '9.5')],
    '0017372000f6a6176612e6c616e672e466c6f6174daedc9a2db3cf0ec02000146000576616c7565787200106a6176612e6c616e672e4e756d62657286ac951d0b94e08b020000787041180000',
  ],
  [
    'an object of the driver',
    [{ type: 'PGobject', text: '10.0.0.9', sqlType: 'inet' }],
    '0017372001c6f72672e706f737467726573716c2e7574696c2e50476f626a6563744bf895caac6f64440200024c0004747970657400124c6a6176612f6c616e672f537472696e673b4c000576616c756571007e00037870740004696e657474000831302e302e302e39',
  ],
  ['null in an array', [null], '00170'],
]

test.each(written)('%s are written as Java writes them, and read', (_, values, hex) => {
  expect(writeJavaArray(values)).toBe(start + hex)
  expect(readJavaArray(start + hex)).toEqual(values)
})

test('an object that Java shares within the array is read where it stands', () => {
  const shared =
    '004737200116a6176612e6c616e672e496e746567657212e2a0a4f781873802000149000576616c7565787200106a6176612e6c616e672e4e756d62657286ac951d0b94e08b02000078700000000774000261627372000e6a6176612e6c616e672e4c6f6e673b8be490cc8f23df0200014a000576616c75657871007e0003000000000000000871007e0004'
  expect(readJavaArray(start + shared)).toEqual([
    value('Integer', '7'),
    value('String', 'ab'),
    value('Long', '8'),
    value('Integer', '7'),
  ])
})

test.each([
  ['UTC', 0],
  ['Hawaii', -10],
  ['New Zealand, in summer', 13],
])('a day of a JVM in the zone of %s', (_, hours) => {
  const utc =
    '0017372000d6a6176612e73716c2e4461746514fa46683f3566970200007872000e6a6176612e7574696c2e44617465686a81014b597419030000787077080000018cf0ab300078'
  const midnight = (BigInt(Date.UTC(2024, 0, 10)) - BigInt(hours * 3_600_000)).toString(16).padStart(16, '0')
  const there = utc.replace('0000018cf0ab3000', midnight)
  expect(readJavaArray(start + there)).toEqual([value('Date', '2024-01-10')])
})

test('a day is the same day for a JVM in any zone', () => {
  const hex = writeJavaArray([value('Date', '2024-01-10')])
  expect(readJavaArray(hex)).toEqual([value('Date', '2024-01-10')])
  expect(new Date(Number.parseInt(hex.slice(-18, -2), 16)).toISOString()).toBe('2024-01-10T10:00:00.000Z')
  const utc =
    '0017372000d6a6176612e73716c2e4461746514fa46683f3566970200007872000e6a6176612e7574696c2e44617465686a81014b597419030000787077080000018cf0ab300078'
  expect(hex.slice(0, -18)).toBe((start + utc).slice(0, -18))
})

test('no array is null in Java', () => {
  expect(writeJavaArray(undefined)).toBe('aced000570')
  expect(readJavaArray('aced000570')).toBeUndefined()
})

const timestamp =
  '001737200126a6176612e73716c2e54696d657374616d702618d5c80153bf650200014900056e616e6f737872000e6a6176612e7574696c2e44617465686a81014b597419030000787077080000016f6435cc887828697580'
test.each([
  ['a class that is not known', start + timestamp],
  ['no hex', 'xyz'],
  ['half a stream', `${start}001`],
  ['rest behind', 'aced00057070'],
])('%s is refused', (_, hex) => {
  expect(() => readJavaArray(hex)).toThrow(RangeError)
})
