import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJson } from '../../../runtime/converters/json-parse.ts'

test('an integer beyond 2^53 is found wherever it stands, and exact', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }),
      fc.string({ unit: fc.constantFrom('a', '7', ' ', 'é'), maxLength: 40 }),
      fc.boolean(),
      (integer, padding, decimals) => {
        const read = parseJson(Buffer.from(`["${padding}",${integer},0]`), decimals) as [
          string,
          number | bigint,
          number,
        ]
        const exact = Number.isSafeInteger(Number(integer)) ? Number(integer) : integer
        expect(read).toStrictEqual([padding, exact, 0])
      },
    ),
    { numRuns: 3000 },
  )
})

test.each([
  ['9007199254740991', 9007199254740991],
  ['9007199254740992', 9007199254740992n],
  ['-9007199254740993', -9007199254740993n],
  ['8999999999999999', 8999999999999999],
  ['99999999999999999', 99999999999999999n],
])('%s', (source, expected) => {
  for (let before = 0; before < 20; before++) {
    const padding = ' '.repeat(before)
    expect(parseJson(Buffer.from(padding + source))).toBe(expected)
    expect(parseJson(Buffer.from(`${padding}[${source}]`))).toEqual([expected])
  }
})
