import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Decimal } from '../../../runtime/api/index.ts'

const decimals = fc.record({
  unscaled: fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }),
  scale: fc.integer({ min: -10, max: 30 }),
})

test('bytes and text come back exactly', () => {
  fc.assert(
    fc.property(decimals, ({ unscaled, scale }) => {
      const decimal = new Decimal(unscaled, scale)
      expect(Decimal.fromBytes(decimal.toBytes(), scale)).toEqual(decimal)
      expect(Decimal.parse(decimal.toString()).withScale(Math.max(0, scale)).unscaled).toBe(
        scale >= 0 ? unscaled : unscaled * 10n ** BigInt(-scale),
      )
    }),
  )
})

test("the bytes are the shortest two's complement", () => {
  expect(
    [0n, 1n, 127n, 128n, -1n, -128n, -129n, 32767n].map(unscaled => new Decimal(unscaled, 0).toBytes().toString('hex')),
  ).toEqual(['00', '01', '7f', '0080', 'ff', '80', 'ff7f', '7fff'])
})

test('reads exponents, refuses what is no number, never rounds', () => {
  expect(Decimal.parse('1.50e2')).toEqual(new Decimal(150n, 0))
  expect(Decimal.parse('-1e-3').toString()).toBe('-0.001')
  for (const text of ['', '.', 'e5', '1_0', 'NaN', '0x1']) expect(() => Decimal.parse(text), text).toThrow(RangeError)
  expect(() => Decimal.parse('1.25').withScale(1)).toThrow('without rounding')
})
