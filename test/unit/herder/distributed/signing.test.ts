import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  algorithmHeader,
  checkSignature,
  newSessionKey,
  signatureHeader,
  signed,
} from '../../../../runtime/herder/distributed/signing.ts'

const key = newSessionKey('HmacSHA256', 17)
const allowed = ['HmacSHA256']
const check =
  (body: string, headers: Record<string, string>, known: typeof key | undefined = key) =>
  () =>
    checkSignature(body, headers, known, allowed)

test('a request is signed with the hash of its bytes under the session key', () => {
  const headers = signed('[{"ü":"1"}]', key, 'HmacSHA256')
  expect(headers).toEqual({
    [signatureHeader]: createHmac('sha256', key.key).update(Buffer.from('[{"ü":"1"}]')).digest('base64'),
    [algorithmHeader]: 'HmacSHA256',
  })
  expect(check('[{"ü":"1"}]', headers)).not.toThrow()
})

test.each([
  ['no signature', '', {}, 400, 'Internal request missing required signature'],
  ['no algorithm', '', { [signatureHeader]: 'AA==' }, 400, 'missing required signature'],
  ['an algorithm that is not accepted', '', signed('', key, 'HmacSHA512'), 400, "the 'HmacSHA512' key signing"],
  ['another body', '[]', signed('', key, 'HmacSHA256'), 403, 'invalid signature'],
  ['another key', '', signed('', newSessionKey('HmacSHA256', 17), 'HmacSHA256'), 403, 'invalid signature'],
  ['a signature that is none', '', { [signatureHeader]: '!', [algorithmHeader]: 'HmacSHA256' }, 403, 'invalid'],
])('%s is refused', (_, body, headers, status, message) => {
  expect(check(body, headers)).toThrow(expect.objectContaining({ status, message: expect.stringContaining(message) }))
})

test('without a key nothing can be checked yet', () => {
  const headers = signed('', key, 'HmacSHA256')
  expect(() => checkSignature('', headers, undefined, allowed)).toThrow(expect.objectContaining({ status: 503 }))
})

test('keys have the length that Java gives them, unless told, and are never the same', () => {
  expect(newSessionKey('HmacSHA256', 1).key).toHaveLength(32)
  expect(newSessionKey('HmacSHA512', 1).key).toHaveLength(64)
  expect(newSessionKey('HmacSHA256', 1, 128).key).toHaveLength(16)
  expect(newSessionKey('HmacSHA256', 1).key).not.toEqual(key.key)
})
