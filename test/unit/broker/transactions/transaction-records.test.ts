import { expect, test } from 'vitest'
import {
  decodeTransaction,
  decodeTransactionKey,
  encodeTransaction,
  encodeTransactionKey,
  type Transaction,
  transactionStates,
} from '../../../../runtime/broker/transactions/transaction-records.ts'
import { ProtocolError } from '../../../../runtime/protocol/protocol-error.ts'

const transaction: Transaction = {
  producerId: 7,
  producerEpoch: 2,
  timeoutMs: 60_000,
  state: 'Ongoing',
  partitions: new Map([
    ['a', new Set([0, 3])],
    ['b', new Set([1])],
  ]),
  updatedAt: 1000,
  startedAt: 900,
}

test('a key is the transactional id behind its version', () => {
  expect(encodeTransactionKey('id').toString('hex')).toBe('000000026964')
  expect(decodeTransactionKey(encodeTransactionKey('ü-1'))).toBe('ü-1')
  expect(decodeTransactionKey(Buffer.from('0009', 'hex'))).toBeNull()
})

test('a transaction as Kafka stores it', () => {
  expect(encodeTransaction(transaction).toString('hex')).toBe(
    [
      ...['0000', '0000000000000007', '0002', '0000ea60', '01'],
      ...['00000002', '000161', '00000002', '00000000', '00000003', '000162', '00000001', '00000001'],
      ...['00000000000003e8', '0000000000000384'],
    ].join(''),
  )
})

test.each(transactionStates)('in state %s it is read as it was written', state => {
  const partitions: Transaction['partitions'] = state === 'Ongoing' ? transaction.partitions : new Map()
  const one = { ...transaction, state, partitions }
  expect(decodeTransaction(encodeTransaction(one))).toEqual(one)
})

test('what another broker wrote in a form that is not known is an error, not a guess', () => {
  const bytes = encodeTransaction(transaction)
  bytes.writeInt16BE(9, 0)
  expect(() => decodeTransaction(bytes)).toThrow(ProtocolError)
  const state = encodeTransaction(transaction)
  state[16] = 99
  expect(() => decodeTransaction(state)).toThrow(ProtocolError)
})
