import { expect, test } from 'vitest'
import {
  decodeConnectAssignment,
  decodeWorkerState,
  encodeConnectAssignment,
  encodeWorkerState,
  offers,
} from '../../../../runtime/herder/distributed/connect-protocol.ts'

const text = (value: string): string => {
  const bytes = Buffer.from(value)
  return bytes.length.toString(16).padStart(4, '0') + bytes.toString('hex')
}
const url = 'http://w1:8083/'
const given = {
  mismatch: false,
  leader: 'm-1',
  leaderUrl: url,
  configOffset: 0x0102,
  assigned: ['t a-1', 'c a', 't a-0', 't b-c-10'],
  revoked: ['c b'],
  delayMs: 300_000,
}
// Laid out by hand from the published schemas.
const head = `0000${text('m-1')}${text(url)}0000000000000102`
const assigned = `00000002${text('a')}00000003ffffffff0000000000000001${text('b-c')}000000010000000a`
const revoked = `00000001${text('b')}00000001ffffffff`

test.each([
  [0, `0000${head}${assigned}`],
  [1, `0001${head}${assigned}${revoked}000493e0`],
  [2, `0002${head}${assigned}${revoked}000493e0`],
] as const)('an assignment of version %i is these bytes', (version, hex) => {
  expect(encodeConnectAssignment(given, version).toString('hex')).toBe(hex)
  expect(decodeConnectAssignment(Buffer.from(hex, 'hex'))).toEqual({
    ...given,
    assigned: ['c a', 't a-0', 't a-1', 't b-c-10'],
    ...(version === 0 && { revoked: [], delayMs: 0 }),
  })
})

test('lists that are null are empty; a mismatch is one', () => {
  const hex = `00010001${text('m-1')}${text(url)}0000000000000102ffffffffffffffff00000000`
  expect(decodeConnectAssignment(Buffer.from(hex, 'hex'))).toMatchObject({ mismatch: true, assigned: [], revoked: [] })
  expect(decodeConnectAssignment(Buffer.alloc(0))).toBeUndefined()
})

test('a worker says where it is, what it has read and what it runs', () => {
  const state = { url, configOffset: 5, running: ['c a'] }
  const last = { leader: 'm-1', leaderUrl: url, configOffset: 4 }
  expect(encodeWorkerState(state, 0, last).toString('hex')).toBe(`0000${text(url)}0000000000000005`)
  expect(encodeWorkerState(state, 1, undefined).toString('hex')).toBe(`0001${text(url)}0000000000000005ffffffff`)
  const inner = `00020000${text('m-1')}${text(url)}000000000000000400000001${text('a')}00000001ffffffff0000000000000000`
  const length = (inner.length / 2).toString(16).padStart(8, '0')
  expect(encodeWorkerState(state, 2, last).toString('hex')).toBe(`0002${text(url)}0000000000000005${length}${inner}`)
  expect(decodeWorkerState(encodeWorkerState(state, 2, last))).toEqual(state)
  expect(decodeWorkerState(encodeWorkerState(state, 0, last))).toEqual({ ...state, running: [] })
})

test('what tasks cost stands behind what Kafka Connect reads', () => {
  const last = { leader: 'm-1', leaderUrl: url, configOffset: 4 }
  const state = { url, configOffset: 5, running: ['t a-0', 't a-1', 't b-3'] }
  const loads = new Map([
    ['t a-0', 0.25],
    ['t a-1', 0],
    ['t b-3', 1.5],
  ])
  const bytes = encodeWorkerState({ ...state, loads }, 2, last)
  const plain = encodeWorkerState(state, 2, last)
  expect(bytes.subarray(0, plain.length)).toEqual(plain)
  expect(decodeWorkerState(bytes)).toEqual({ ...state, loads })
  // A later version's own end is none of ours.
  expect(decodeWorkerState(Buffer.concat([plain, Buffer.from('other')]))).toEqual({ ...state, loads: undefined })
  expect(encodeWorkerState({ ...state, loads }, 0, last)).toEqual(encodeWorkerState(state, 0, last))
})

test('offers what connect.protocol names and everything older', () => {
  const state = { url, configOffset: 5, running: [] }
  const names = (name: 'eager' | 'compatible' | 'sessioned') => offers(name, state, undefined).map(one => one.name)
  expect(names('sessioned')).toEqual(['sessioned', 'compatible', 'default'])
  expect(names('compatible')).toEqual(['compatible', 'default'])
  expect(names('eager')).toEqual(['default'])
})
