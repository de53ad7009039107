import { expect, test } from 'vitest'
import { javaDateFormat } from '../../../runtime/api/java-date-format.ts'

const at = (iso: string): Date => new Date(iso)
const evening = '2023-11-14T22:13:20.007Z'

test.each([
  ['yyyyMMdd', evening, '20231114'],
  ["yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", evening, '2023-11-14T22:13:20.007Z'],
  ["'it''s' ''yy''", evening, "it's '23'"],
  ['y yyy yyyyyy', evening, '2023 2023 002023'],
  ['M MM MMM MMMM', evening, '11 11 Nov November'],
  ['d dd ddd', '2023-11-04T00:00:00Z', '4 04 004'],
  ['E EEEE u', evening, 'Tue Tuesday 2'],
  ['u', '2023-11-12T00:00:00Z', '7'],
  ['H k K h a', '2023-11-14T00:00:00Z', '0 24 0 12 AM'],
  ['H k K h a', '2023-11-14T12:00:00Z', '12 12 0 12 PM'],
  ['H k K h a', evening, '22 22 10 10 PM'],
  ['s S SSS SSSSSS', evening, '20 7 007 000007'],
  ['D DDD', '2024-12-31T00:00:00Z', '366 366'],
  ['D', '2024-01-01T23:59:59Z', '1'],
  ['z Z X G', evening, 'UTC +0000 Z AD'],
  // Weeks begin on Sunday; the first one holds January 1st.
  ['YYYY w', '2023-12-30T00:00:00Z', '2023 52'],
  ['YYYY w', '2023-12-31T00:00:00Z', '2024 1'],
  ['YYYY ww', '2024-01-06T00:00:00Z', '2024 01'],
  ['YYYY w', '2024-01-07T00:00:00Z', '2024 2'],
  ['YYYY w', '2022-12-31T00:00:00Z', '2022 53'],
  ['W F', '2023-11-14T00:00:00Z', '3 2'],
  ['-/. é', evening, '-/. é'],
])('%s of %s is %s', (pattern, time, expected) => {
  expect(javaDateFormat(pattern)(at(time))).toBe(expected)
})

test.each([
  ['b', "Illegal pattern character 'b'"],
  ["yyyy'", 'Unterminated quote'],
])('%s is refused', (pattern, message) => expect(() => javaDateFormat(pattern)).toThrow(message))
