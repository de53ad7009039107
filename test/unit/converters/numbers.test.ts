import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Converter, type ConverterDefinition, isDataError } from '../../../runtime/api/index.ts'
import { parseOrThrow } from '../../../runtime/config/parse.ts'
import booleans from '../../../runtime/converters/boolean-converter.ts'
import doubles from '../../../runtime/converters/double-converter.ts'
import floats from '../../../runtime/converters/float-converter.ts'
import integers from '../../../runtime/converters/integer-converter.ts'
import longs from '../../../runtime/converters/long-converter.ts'
import shorts from '../../../runtime/converters/short-converter.ts'

const made = (definition: ConverterDefinition): Converter =>
  definition.create(parseOrThrow(definition.config, {}) as never, 'value')

const safe = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value)

describe.each<[string, Converter, fc.Arbitrary<unknown>, number, readonly unknown[]]>([
  ['short', made(shorts), fc.integer({ min: -32768, max: 32767 }), 2, [32768, -32769, 1.5, '1', true]],
  ['integer', made(integers), fc.integer(), 4, [2147483648, -2147483649, 0.5, 1n << 40n, '1']],
  [
    'long',
    made(longs),
    fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }).map(safe),
    8,
    [1n << 63n, 2 ** 53, 1.5, 'x'],
  ],
  ['float', made(floats), fc.float(), 4, ['1', 1n, false, new Date(0)]],
  ['double', made(doubles), fc.double(), 8, ['1', 1n, new Date(0)]],
  ['boolean', made(booleans), fc.boolean(), 1, [0, 'true', 1n]],
])('%s', (_, converter, values, width, refused) => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(values, value => {
        const bytes = converter.encode('t', null, value)!
        expect(bytes.length).toBe(width)
        expect(Object.is(converter.decode('t', bytes).value, value)).toBe(true)
      }),
    )
  })

  test('refuses what does not fit, and bytes of another length', () => {
    const attempts = [
      ...refused.map(value => () => converter.encode('t', null, value)),
      ...[0, width - 1, width + 1].map(length => () => converter.decode('t', Buffer.alloc(length))),
    ]
    for (const attempt of attempts) {
      try {
        attempt()
      } catch (error) {
        expect(isDataError(error)).toBe(true)
        continue
      }
      throw new Error(`${attempt} went through`)
    }
  })
})
