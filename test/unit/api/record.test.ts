import { expect, test } from 'vitest'
import { LazyValue, resolveLazy, SinkRecord } from '../../../runtime/api/index.ts'

class Late extends LazyValue {
  readonly maxJsonBytes = 4
  built = 0

  get(): unknown {
    this.built++
    return { a: 1 }
  }

  writeJson(target: Buffer, at: number): number {
    return at + target.write('null', at)
  }
}

const at = { topic: 't', partition: 3, offset: 5, value: null }

test('a sink record decodes key and value when they are read, and shows the bytes it may pass on', () => {
  const key = new Late()
  const value = new Late()
  const record = new SinkRecord(at, key, value)
  expect(record.lazyValue).toBe(value)
  expect([key.built, value.built]).toEqual([0, 0])
  expect([record.key, record.value]).toEqual([{ a: 1 }, { a: 1 }])
  expect(new SinkRecord(at, 'k', 1).lazyValue).toBeUndefined()
})

test('where it was read is its own place unless a transform moved it', () => {
  const record = new SinkRecord(at)
  expect(record.original).toMatchObject({ topic: 't', partition: 3, offset: 5 })
  const original = { topic: 'was', partition: 1, offset: 5 }
  expect(new SinkRecord({ ...at, original }).original).toBe(original)
  expect(record).toMatchObject({ timestamp: null, timestampType: 'CREATE_TIME', keySchema: null, headers: [] })
})

test('a lazy value of another copy of the package is one as well', () => {
  const foreign = { [Symbol.for('millrace.LazyValue')]: true, get: () => 7 }
  expect(resolveLazy(foreign)).toBe(7)
  for (const plain of [null, undefined, 0, '', { get: () => 7 }]) expect(resolveLazy(plain)).toBe(plain)
})
