import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { errorCodes, errorOf, KafkaProtocolError, throwOnError } from '../../../runtime/protocol/error-codes.ts'

const witness: { errorCodes: readonly { type: string; code: number; retriable: boolean }[] } = createRequire(
  import.meta.url,
)('kafkajs/src/protocol/error')

describe('error codes', () => {
  it('are numbered without a gap', () => {
    const codes = Object.values(errorCodes).sort((a, b) => a - b)
    expect(codes).toEqual(Array.from({ length: codes.length }, (_, i) => i - 1))
  })

  // kafkajs has older names for these, and judges these otherwise than Kafka's own client does.
  const renamed = new Set([
    'UNKNOWN',
    'NOT_LEADER_FOR_PARTITION',
    'GROUP_LOAD_IN_PROGRESS',
    'GROUP_COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR_FOR_GROUP',
  ])

  it.each(witness.errorCodes.filter(({ type }) => !renamed.has(type)))('$type is $code', ({ type, code }) => {
    expect(errorOf(code).name).toBe(type)
  })

  it('unknown ones are server errors', () => {
    expect(errorOf(9999)).toMatchObject({ code: 9999, name: 'UNKNOWN_SERVER_ERROR', retriable: false })
    expect(errorOf(9999).message).toContain('9999')
  })

  it('become errors that name place, code and meaning', () => {
    const error = new KafkaProtocolError(3, { api: 'Produce', topic: 'orders', partition: 4, detail: 'gone' })
    expect(error.message).toBe(
      'Produce on orders-4: UNKNOWN_TOPIC_OR_PARTITION (3), the broker does not know this topic or partition: gone',
    )
    expect(error).toMatchObject({
      code: 3,
      kafkaCode: 'UNKNOWN_TOPIC_OR_PARTITION',
      retriable: true,
      topic: 'orders',
      partition: 4,
    })
    expect(new KafkaProtocolError('NOT_COORDINATOR').message).toMatch(/^Kafka: NOT_COORDINATOR \(16\), /)
  })

  it('throw unless they are 0', () => {
    expect(() => throwOnError(errorCodes.NONE)).not.toThrow()
    expect(() => throwOnError(errorCodes.NOT_CONTROLLER, { api: 'CreateTopics' })).toThrow(KafkaProtocolError)
  })
})
