import { expect, test } from 'vitest'
import { Decimal, decimalSchema, type Schema, s } from '../../../runtime/api/index.ts'
import { javaHash } from '../../../transforms/java-hash.ts'
import { murmur3 } from '../../../transforms/murmur3.ts'

// Answers of Java's hashCode and of the murmur hash of Debezium 3.6.1.
test.each<[Schema, unknown, number, number]>([
  [s.string(), '', 0, 89125410],
  [s.string(), 'a', 97, -1119243492],
  [s.string(), 'name2', 104584967, -287686163],
  [s.string(), 'hello world 1234567890', -1814574729, 638772261],
  [s.string(), 'naïve ☃ 😀', 1112818261, -988110386],
  [s.string(), '0123456789abcdef0123456789abcdef', -1783317168, 1705745350],
  [s.int32(), 5, 5, -837177610],
  [s.int32(), -1, -1, 171705313],
  [s.int64(), 123456789012345, -2045923535, 916222936],
  [s.boolean(), true, 1231, -1891831265],
  [decimalSchema(3), Decimal.parse('-12.345'), -382692, -587659212],
  [decimalSchema(1), Decimal.parse('123456789012345678901234.5'), 292950206, -1397239781],
  [s.float64(), 1.5, 1073217536, -1122085266],
  [s.float32(), 1.5, 1069547520, 1166483436],
])('%# %s', (schema, value, java, murmur) => {
  expect(javaHash(schema, value)).toBe(java)
  expect(murmur3(schema, value)).toBe(murmur)
})

test('a struct has no hash that means anything', () => {
  expect(() => javaHash(s.struct({}), {})).toThrow('name a field of it')
})
