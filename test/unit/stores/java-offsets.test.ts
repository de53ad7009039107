import { expect, test } from 'vitest'
import { isJavaOffsets, readJavaOffsets } from '../../../runtime/stores/java-offsets.ts'
import { javaEmpty, javaSome } from './java-maps.ts'

test('reads the entries, a null value included', () => {
  expect(Object.fromEntries(readJavaOffsets(javaSome))).toEqual({
    '["gone",{"filename":"x"}]': null,
    '["files",{"filename":"/var/data/a.txt"}]': '{"position":14}',
    '["pg",{"server":"orders"}]': '{"lsn":9007199254740993,"txId":745,"snapshot":true}',
    '["café",{"filename":"\\uD83D\\uDE00"}]': '{"position":3}',
  })
  expect(readJavaOffsets(javaEmpty)).toEqual([])
})

test('knows a file of the JVM by its first bytes', () => {
  expect(isJavaOffsets(javaSome)).toBe(true)
  expect(isJavaOffsets(Buffer.from('#millrace 1\n'))).toBe(false)
  expect(isJavaOffsets(Buffer.alloc(0))).toBe(false)
})

test('a cut file is an error wherever it is cut, never a shorter list', () => {
  for (let cut = 4; cut < javaSome.length; cut++)
    expect(() => readJavaOffsets(javaSome.subarray(0, cut)), `cut at ${cut}`).toThrow()
})

test('another class is refused by its name', () => {
  const other = Buffer.from(javaSome)
  other.write('java.util.HashSet', other.indexOf('java.util.HashMap'))
  expect(() => readJavaOffsets(other)).toThrow('java.util.HashSet')
})
