import { describe, expect, it } from 'vitest'
import { type BatchFacts, type Outcome, outcomeOf } from '../../../../runtime/kafka/producer/outcome.ts'
import { errorCodes, type KafkaErrorName } from '../../../../runtime/protocol/error-codes.ts'

const facts: BatchFacts = { count: 5, uncertain: false, idempotent: true, acknowledgedEnd: 10, logStartOffset: 0 }
const outcome = (name: KafkaErrorName, changed: Partial<BatchFacts> = {}): Outcome =>
  outcomeOf(errorCodes[name], { ...facts, ...changed })

describe('what becomes of a batch', () => {
  const table: readonly (readonly [KafkaErrorName, Partial<BatchFacts>, Outcome])[] = [
    ['NONE', {}, 'acknowledge'],
    ['DUPLICATE_SEQUENCE_NUMBER', {}, 'acknowledge'],
    ['DUPLICATE_SEQUENCE_NUMBER', { uncertain: true }, 'acknowledge'],
    ['MESSAGE_TOO_LARGE', {}, 'split'],
    ['MESSAGE_TOO_LARGE', { count: 1 }, 'fail'],
    ['RECORD_LIST_TOO_LARGE', {}, 'split'],
    ['NOT_LEADER_OR_FOLLOWER', {}, 'retry'],
    ['UNKNOWN_TOPIC_OR_PARTITION', {}, 'retry'],
    ['NOT_ENOUGH_REPLICAS_AFTER_APPEND', {}, 'retry'],
    ['REQUEST_TIMED_OUT', {}, 'retry'],
    ['UNKNOWN_TOPIC_ID', {}, 'retry'],
    ['OUT_OF_ORDER_SEQUENCE_NUMBER', {}, 'fail-all'],
    ['OUT_OF_ORDER_SEQUENCE_NUMBER', { uncertain: true }, 'fail-all'],
    ['INVALID_PRODUCER_EPOCH', {}, 'fail-all'],
    ['UNKNOWN_PRODUCER_ID', {}, 'fail-all'],
    // Everything of this producer is below the start of the log: retention took it.
    ['UNKNOWN_PRODUCER_ID', { logStartOffset: 10 }, 'renumber'],
    ['UNKNOWN_PRODUCER_ID', { logStartOffset: 9 }, 'fail-all'],
    ['UNKNOWN_PRODUCER_ID', { logStartOffset: 10, uncertain: true }, 'fail-all'],
    ['UNKNOWN_PRODUCER_ID', { logStartOffset: -1 }, 'fail-all'],
    ['TOPIC_AUTHORIZATION_FAILED', {}, 'fail'],
    ['INVALID_RECORD', {}, 'fail'],
    ['UNKNOWN_SERVER_ERROR', {}, 'fail'],
  ]
  it.each(table)('%s with %j: %s', (name, changed, expected) => {
    expect(outcome(name, changed)).toBe(expected)
  })

  it('a code nobody knows yet fails', () => {
    expect(outcomeOf(9999, facts)).toBe('fail')
  })
})
