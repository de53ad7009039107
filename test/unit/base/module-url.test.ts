import { expect, test } from 'vitest'
import { moduleUrl } from '../../../runtime/base/module-url.ts'

test('names the sibling as the importing module is spelled', () => {
  expect(moduleUrl('./thread', 'file:///a/worker/pool.ts').href).toBe('file:///a/worker/thread.ts')
  expect(moduleUrl('./thread', 'file:///a/worker/pool.js').href).toBe('file:///a/worker/thread.js')
})
