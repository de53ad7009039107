import { afterEach, describe, expect, it, vi } from 'vitest'
import { createKafka } from '../../../../runtime/kafka/kafka.ts'
import type { Delivery, Kafka, Producer } from '../../../../runtime/kafka/ports.ts'
import { Sender } from '../../../../runtime/kafka/producer/sender.ts'
import type { RequestOf } from '../../../../runtime/protocol/api.ts'
import { errorCodes, type KafkaErrorName } from '../../../../runtime/protocol/error-codes.ts'
import { initProducerId } from '../../../../runtime/protocol/messages/init-producer-id.ts'
import { metadata } from '../../../../runtime/protocol/messages/metadata.ts'
import { produce } from '../../../../runtime/protocol/messages/produce.ts'
import { RecordBatchReader } from '../../../../runtime/protocol/record-batch-reader.ts'
import { type Asked, type ScriptedBroker, scriptedBroker } from '../connection/scripted-broker.ts'

/** What a produce request held, by partition. */
interface Seen {
  readonly partition: number
  readonly producerId: number
  readonly epoch: number
  readonly sequence: number
  readonly count: number
}

type Answer =
  | KafkaErrorName
  | { readonly code: KafkaErrorName; readonly logStartOffset?: number; readonly baseOffset?: number }
  | 'hang up'

let broker: ScriptedBroker
let kafka: Kafka
let nextProducerId = 100
const requests: Seen[][] = []

/** A broker with topic `t` of three partitions that answers what `answer` says, request by request. */
const start = async (
  answer: (seen: Seen, request: number) => Answer,
  settings: Record<string, string> = {},
): Promise<Producer> => {
  broker = await scriptedBroker([metadata, produce, initProducerId])
  broker.onRequest = asked => {
    if (asked.api === metadata)
      asked.answer(metadata, { brokers: [{ nodeId: 1, host: broker.host, port: broker.port }], topics: [topic] })
    else if (asked.api === initProducerId)
      asked.answer(initProducerId, { producerId: nextProducerId++, producerEpoch: 0 })
    else answerProduce(asked, answer)
  }
  kafka = createKafka({
    'bootstrap.servers': broker.bootstrap,
    'retry.backoff.ms': '1',
    'retry.backoff.max.ms': '5',
    'reconnect.backoff.ms': '1',
    ...settings,
  })
  const producer = kafka.producer()
  await producer.prepare(['t'])
  return producer
}

const topic = {
  name: 't',
  topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
  partitions: [0, 1, 2].map(partitionIndex => ({ partitionIndex, leaderId: 1, leaderEpoch: 0 })),
}

const answerProduce = (asked: Asked, answer: (seen: Seen, request: number) => Answer): void => {
  const reader = new RecordBatchReader()
  const { topicData } = asked.body as RequestOf<typeof produce>
  const answers = topicData[0]!.partitionData.map(({ index, records }) => {
    reader.read(records!)
    const { producerId, producerEpoch: epoch, baseSequence: sequence, count } = reader
    const seen = { partition: index, producerId, epoch, sequence, count }
    return { seen, answer: answer(seen, requests.length) }
  })
  requests.push(answers.map(({ seen }) => seen))
  if (answers.some(one => one.answer === 'hang up')) {
    asked.socket.destroy()
    return
  }
  const partitionResponses = answers.map(({ seen, answer: one }) => {
    const given = typeof one === 'string' ? { code: one as KafkaErrorName } : one
    return { index: seen.partition, errorCode: errorCodes[given.code], baseOffset: 0, errorMessage: null, ...given }
  })
  asked.answer(produce, { responses: [{ topicId: topic.topicId, partitionResponses }] })
}

const ledger = (): Delivery & { readonly told: string[] } => {
  const told: string[] = []
  return {
    told,
    acknowledged: (count, _topic, partition) => void told.push(`${partition}: +${count}`),
    failed: (count, _topic, partition, error) => void told.push(`${partition}: -${count} ${error.message}`),
  }
}

const write = (producer: Producer, partition: number, count: number, delivery: Delivery): void => {
  for (let i = 0; i < count; i++) {
    producer.open('t', partition).add(1, null, Buffer.from(`value ${i}`))
    producer.appended('t', partition, delivery)
  }
}

afterEach(async () => {
  await kafka.close()
  await broker.close()
  requests.length = 0
})

describe(Sender, () => {
  it('puts the batches of one broker into one request, and one batch of a partition at a time', async () => {
    const producer = await start(() => 'NONE')
    const told = ledger()
    for (const partition of [0, 1, 2]) write(producer, partition, 2, told)
    producer.send()
    write(producer, 0, 1, told)
    await producer.flush()
    // The first request waited for the connection: what came meanwhile is in it.
    expect(requests.map(request => request.map(({ partition, count }) => `${partition}:${count}`))).toEqual([
      ['0:3', '1:2', '2:2'],
    ])
    expect(told.told.sort()).toEqual(['0: +3', '1: +2', '2: +2'])
  })

  it('numbers each partition for itself and sends the same numbers again after a lost answer', async () => {
    const producer = await start((_, request) => (request === 1 ? 'hang up' : 'NONE'))
    const told = ledger()
    write(producer, 0, 3, told)
    await producer.flush()
    write(producer, 0, 2, told)
    write(producer, 1, 1, told)
    await producer.flush()
    write(producer, 0, 1, told)
    await producer.flush()
    const id = requests[0]![0]!.producerId
    expect(
      requests.map(request => request.map(({ partition, sequence, producerId }) => [partition, sequence, producerId])),
    ).toEqual([
      [[0, 0, id]],
      [
        [0, 3, id],
        [1, 0, id],
      ],
      [
        [0, 3, id],
        [1, 0, id],
      ],
      [[0, 5, id]],
    ])
    expect(told.told).toEqual(['0: +3', '0: +2', '1: +1', '0: +1'])
  })

  it.each(['NOT_LEADER_OR_FOLLOWER', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'REQUEST_TIMED_OUT'] as const)(
    'after %s sends the same numbers again',
    async code => {
      const producer = await start((_, request) => (request === 0 ? code : 'NONE'))
      const told = ledger()
      write(producer, 0, 3, told)
      await producer.flush()
      expect(requests[1]).toEqual(requests[0])
      expect(told.told).toEqual(['0: +3'])
    },
  )

  it('takes a duplicate for an acknowledgement', async () => {
    const producer = await start((_, request) => (request === 0 ? 'hang up' : 'DUPLICATE_SEQUENCE_NUMBER'))
    const told = ledger()
    write(producer, 0, 3, told)
    await producer.flush()
    expect(told.told).toEqual(['0: +3'])
  })

  it('a gap fails everything that waits for the partition; what comes later begins anew under another epoch', async () => {
    const producer = await start((seen, request) => {
      if (request === 1 && seen.partition === 0) return 'OUT_OF_ORDER_SEQUENCE_NUMBER'
      return 'NONE'
    })
    const told = ledger()
    write(producer, 0, 3, told)
    await producer.flush()
    write(producer, 0, 2, told)
    producer.send()
    write(producer, 0, 4, told)
    await producer.flush()
    expect(told.told[0]).toBe('0: +3')
    expect(told.told.slice(1).every(text => /0: -\d Produce on t-0: OUT_OF_ORDER_SEQUENCE_NUMBER/.test(text))).toBe(
      true,
    )
    write(producer, 0, 1, told)
    await producer.flush()
    const [first, last] = [requests[0]![0]!, requests.at(-1)![0]!]
    expect([last.producerId, last.epoch, last.sequence]).toEqual([first.producerId, 1, 0])
    expect(told.told.at(-1)).toBe('0: +1')
  })

  it('an error that concerns one batch fails it alone, and gives its numbers to the next', async () => {
    const producer = await start((_, request) => (request === 1 ? 'INVALID_RECORD' : 'NONE'))
    const [before, bad, after] = [ledger(), ledger(), ledger()]
    write(producer, 0, 3, before)
    await producer.flush()
    write(producer, 0, 2, bad)
    await producer.flush()
    write(producer, 0, 2, after)
    await producer.flush()
    expect(requests.map(([one]) => [one!.epoch, one!.sequence])).toEqual([
      [0, 0],
      [0, 3],
      [0, 3],
    ])
    expect(bad.told[0]).toMatch(/0: -2 Produce on t-0: INVALID_RECORD/)
    expect(after.told).toEqual(['0: +2'])
  })

  it('an error after an attempt without an answer moves to another epoch: the batch may be in the log', async () => {
    const producer = await start((_, request) =>
      request === 0 ? 'hang up' : request === 1 ? 'INVALID_RECORD' : 'NONE',
    )
    const told = ledger()
    write(producer, 0, 2, told)
    await producer.flush()
    write(producer, 0, 1, told)
    await producer.flush()
    expect(requests.map(([one]) => [one!.epoch, one!.sequence])).toEqual([
      [0, 0],
      [0, 0],
      [1, 0],
    ])
  })

  it('a producer the broker forgot by retention begins anew without losing the batch', async () => {
    const producer = await start((_, request) => {
      if (request === 0) return { code: 'NONE', baseOffset: 7 }
      return request === 1 ? { code: 'UNKNOWN_PRODUCER_ID', logStartOffset: 9 } : 'NONE'
    })
    const told = ledger()
    write(producer, 0, 2, told)
    await producer.flush()
    write(producer, 0, 1, told)
    await producer.flush()
    expect(requests.map(([one]) => [one!.epoch, one!.sequence])).toEqual([
      [0, 0],
      [0, 2],
      [1, 0],
    ])
    expect(told.told).toEqual(['0: +2', '0: +1'])
  })

  it('gives up after `retries`', async () => {
    const producer = await start(() => 'NOT_ENOUGH_REPLICAS', { retries: '2' })
    const told = ledger()
    write(producer, 0, 1, told)
    await producer.flush()
    expect(requests.length).toBe(3)
    expect(told.told[0]).toMatch(/NOT_ENOUGH_REPLICAS/)
  })

  it('splits a compressed batch that the broker refuses, from the same number on', async () => {
    const producer = await start(({ count }) => (count > 3 ? 'MESSAGE_TOO_LARGE' : 'NONE'), {
      'compression.type': 'zstd',
    })
    const told = ledger()
    write(producer, 0, 8, told)
    await producer.flush()
    const accepted = requests.flat().filter(({ count }) => count <= 3)
    expect(accepted.reduce((sum, { count }) => sum + count, 0)).toBe(8)
    let sequence = 0
    for (const one of accepted) {
      expect(one.sequence).toBe(sequence)
      sequence += one.count
    }
    expect(told.told.every(text => text.startsWith('0: +'))).toBe(true)
  })

  it('without idempotence asks for no producer id', async () => {
    const producer = await start(() => 'NONE', { 'enable.idempotence': 'false' })
    const told = ledger()
    write(producer, 0, 1, told)
    await producer.flush()
    expect(requests[0]![0]).toMatchObject({ producerId: -1, epoch: -1, sequence: -1 })
  })

  it('is at its end when the broker forbids it producer ids; everything fails and `ready` says why', async () => {
    const producer = await start(() => 'NONE')
    const { onRequest } = broker
    broker.onRequest = asked => {
      if (asked.api === initProducerId)
        asked.answer(initProducerId, { errorCode: errorCodes.CLUSTER_AUTHORIZATION_FAILED })
      else onRequest(asked)
    }
    const told = ledger()
    write(producer, 0, 2, told)
    await producer.flush()
    expect(told.told[0]).toMatch(/-2 InitProducerId: CLUSTER_AUTHORIZATION_FAILED/)
    await expect(producer.ready()).rejects.toMatchObject({ kafkaCode: 'CLUSTER_AUTHORIZATION_FAILED' })
    // Nothing is left without an answer, however late it comes.
    write(producer, 0, 1, told)
    expect(told.told[1]).toMatch(/-1 InitProducerId/)
    expect(producer.bufferedBytes).toBe(0)
  })

  it('an error in a delivery is not swallowed', async () => {
    const producer = await start(() => 'NONE')
    write(producer, 0, 1, {
      acknowledged() {
        throw new Error('the ledger is broken')
      },
      failed() {},
    })
    await producer.flush().catch(() => {})
    await expect(producer.ready()).rejects.toThrow('the ledger is broken')
  })

  it('waits for a topic that the brokers do not know for a moment', async () => {
    const producer = await start((_, request) => (request === 0 ? 'NOT_LEADER_OR_FOLLOWER' : 'NONE'))
    const { onRequest } = broker
    let missing = 0
    broker.onRequest = asked => {
      if (asked.api !== metadata) return onRequest(asked)
      missing++
      const topics = [{ name: 't', errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION, partitions: [] }]
      asked.answer(metadata, { brokers: [{ nodeId: 1, host: broker.host, port: broker.port }], topics })
    }
    const told = ledger()
    write(producer, 0, 2, told)
    producer.send()
    await vi.waitFor(() => expect(missing).toBeGreaterThan(1))
    expect([0, 1, 2]).toContain(producer.stickyPartition('t'))
    write(producer, 1, 3, told)
    producer.send()
    const flushed = producer.flush()
    broker.onRequest = onRequest
    await flushed
    expect(told.told.sort()).toEqual(['0: +2', '1: +3'])
  })

  it('says that the topic is gone when the time is up', async () => {
    const producer = await start(() => 'NOT_LEADER_OR_FOLLOWER', { 'delivery.timeout.ms': '30' })
    const { onRequest } = broker
    const topics = [{ name: 't', errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION, partitions: [] }]
    broker.onRequest = asked => {
      if (asked.api !== metadata) return onRequest(asked)
      asked.answer(metadata, { brokers: [{ nodeId: 1, host: broker.host, port: broker.port }], topics })
    }
    const told = ledger()
    write(producer, 0, 2, told)
    await producer.flush()
    expect(told.told.join()).toMatch(/-2 .*delivery\.timeout\.ms.*the broker does not know this topic/)
  })

  it('after its end takes nothing that nobody would answer for', async () => {
    const producer = await start(() => 'NONE')
    const told = ledger()
    write(producer, 0, 1, told)
    await producer.close()
    write(producer, 0, 1, told)
    expect(told.told).toEqual(['0: +1', '0: -1 The producer is closed'])
    await expect(producer.flush()).rejects.toMatchObject({ kind: 'CLOSED' })
  })
})
