import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isLazy, type LazyValue, resolveLazy } from '../../../runtime/api/lazy.ts'
import { toBytes } from '../../../runtime/converters/json-bytes.ts'
import { plainReader } from '../../../runtime/converters/json-lazy.ts'
import { writeSchemaless } from '../../../runtime/converters/json-schemaless.ts'

const asked = (): ((bytes: Buffer) => unknown) => {
  const read = plainReader()
  for (let number = 0; number < 2000; number++) resolveLazy(read(Buffer.from(`{"n":${number}}`)))
  return read
}

const writtenBy = (value: unknown): string => {
  if (!isLazy(value)) return toBytes(writeSchemaless, value).toString()
  const target = Buffer.alloc(value.maxJsonBytes + 2)
  return target.toString('utf8', 1, value.writeJson(target, 1))
}

test('values that are asked for and values that are not are the same, and are written the same', () => {
  const [passing, asking] = [plainReader(), asked()]
  const outcome = (read: (bytes: Buffer) => unknown, bytes: Buffer) => {
    let value: unknown
    try {
      value = read(bytes)
    } catch (error) {
      return (error as Error).message
    }
    // Names given twice stay in bytes and not in objects.
    const names = bytes.toString().match(/"[^"]*":/g) ?? []
    return [resolveLazy(value), ...(new Set(names).size === names.length ? [writtenBy(value)] : [])]
  }
  const text = fc.oneof(
    fc.json(),
    fc.jsonValue().map(value => JSON.stringify(value, null, 1)),
    fc
      .array(fc.constantFrom('{', '}', '"a":', '"\\u00e9"', '1', '1.50', '-0', ',', '[', ']'), { maxLength: 8 })
      .map(parts => parts.join('')),
  )
  fc.assert(
    fc.property(text, each => {
      expect(outcome(asking, Buffer.from(each))).toEqual(outcome(passing, Buffer.from(each)))
    }),
    { numRuns: 2000 },
  )
})

test('values that nobody asks for are not made', () => {
  const read = plainReader()
  // The surrogate is written as an escape: the bytes can be passed on only by way of the object.
  for (let number = 0; number < 5000; number++) {
    const value = read(Buffer.from('{"a":"\\u00e9"}'))
    expect(isLazy(value)).toBe(false)
  }
  const again = asked()
  const lazy = again(Buffer.from('{"a":"\\u00e9"}')) as LazyValue
  expect(writtenBy(lazy)).toBe('{"a":"é"}')
  expect(lazy.get()).toBe(lazy.get())
  for (let number = 0; number < 200_000; number++) again(Buffer.from('1'))
  // No longer read at once: what is not canonical comes as the object.
  expect(isLazy(again(Buffer.from('{"a":"\\u00e9"}')))).toBe(false)
})

test('null is no value, asked for or not', () => {
  for (const read of [plainReader(), asked()])
    for (const text of ['null', ' null']) expect(read(Buffer.from(text))).toBeNull()
})
