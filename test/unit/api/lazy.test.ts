import { expect, test } from 'vitest'
import { isLazy, LazyValue, resolveLazy, SinkRecord } from '../../../runtime/api/index.ts'

class Counting extends LazyValue {
  built = 0
  readonly maxJsonBytes = 1

  get(): unknown {
    this.built++
    return 7
  }

  writeJson(target: Buffer, at: number): number {
    target[at] = 0x37
    return at + 1
  }
}

/** As a plugin with its own copy of the package has it. */
const foreign = { [Symbol.for('millrace.LazyValue')]: true, get: () => 8 }

test('a lazy value is known by its brand, also from another copy of the package', () => {
  expect(isLazy(new Counting())).toBe(true)
  expect(resolveLazy(foreign)).toBe(8)
  for (const plain of [null, undefined, 5, 'x', {}, { get: () => 1 }, []]) {
    expect(isLazy(plain)).toBe(false)
    expect(resolveLazy(plain)).toBe(plain)
  }
})

test('a sink record decodes key and value when they are read, and not before', () => {
  const key = new Counting()
  const value = new Counting()
  const record = new SinkRecord({ topic: 't', partition: 1, offset: 2, key, value })
  expect([key.built, value.built]).toEqual([0, 0])
  expect(record.lazyValue).toBe(value)
  expect(value.built).toBe(0)
  expect([record.key, record.value]).toEqual([7, 7])
  expect([key.built, value.built]).toEqual([1, 1])
})

test('a sink record has something to say for all that is left out', () => {
  const record = new SinkRecord({ topic: 't', partition: 1, offset: 2, value: null })
  expect(record).toMatchObject({
    timestamp: null,
    timestampType: 'CREATE_TIME',
    keySchema: null,
    valueSchema: null,
    headers: [],
  })
  expect(record.lazyValue).toBeUndefined()
  expect(record.original).toMatchObject({ topic: 't', partition: 1, offset: 2 })
})
