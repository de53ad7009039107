import { expect, test } from 'vitest'
import { hashOrder, hashOrdered } from '../../../runtime/api/hash-order.ts'

test('the order of a Java HashMap', () => {
  expect(hashOrder(['GET', 'PUT', 'PATCH', 'HEAD', 'OPTIONS', 'DELETE', 'POST'])).toEqual([
    'HEAD',
    'DELETE',
    'POST',
    'GET',
    'OPTIONS',
    'PUT',
    'PATCH',
  ])
})

test('a stored position of Debezium, as its scenario with transaction metadata recorded it', () => {
  const recorded = [
    'transaction_id',
    'lsn_proc',
    'messageType',
    'lsn_commit',
    'transaction_data_collection_order_public.other',
    'lsn',
    'txId',
    'ts_usec',
  ]
  const position = Object.fromEntries(recorded.toSorted().map((key, index) => [key, index]))
  expect(Object.keys(hashOrdered(position))).toEqual(recorded)
})
