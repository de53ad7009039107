import { expect, it, onTestFinished } from 'vitest'
import { createKafka } from '../../../runtime/kafka/kafka.ts'
import type { RequestOf } from '../../../runtime/protocol/api.ts'
import { errorCodes } from '../../../runtime/protocol/error-codes.ts'
import { initProducerId } from '../../../runtime/protocol/messages/init-producer-id.ts'
import { metadata } from '../../../runtime/protocol/messages/metadata.ts'
import { produce } from '../../../runtime/protocol/messages/produce.ts'
import { scriptedBroker } from './connection/scripted-broker.ts'

it('appends again after a failure that was the end of a producer', async () => {
  const broker = await scriptedBroker([metadata, produce, initProducerId])
  let errorCode: number = errorCodes.CLUSTER_AUTHORIZATION_FAILED
  broker.onRequest = asked => {
    if (asked.api === metadata) {
      const brokers = [{ nodeId: 1, host: broker.host, port: broker.port }]
      asked.answer(metadata, { brokers, topics: [{ name: 't', partitions: [{ partitionIndex: 0, leaderId: 1 }] }] })
    } else if (asked.api === initProducerId) {
      asked.answer(initProducerId, { errorCode, producerId: 1, producerEpoch: 0 })
    } else {
      const { name } = (asked.body as RequestOf<typeof produce>).topicData[0]!
      asked.answer(produce, { responses: [{ name, partitionResponses: [{ index: 0, errorCode: 0, baseOffset: 0 }] }] })
    }
  }
  const kafka = createKafka({ 'bootstrap.servers': broker.bootstrap })
  onTestFinished(async () => {
    await kafka.close()
    await broker.close()
  })
  const log = kafka.topicLog({ topic: 't', onRecord() {} })
  const record = { key: null, value: Buffer.from('value') }
  await expect(log.append([record])).rejects.toMatchObject({ kafkaCode: 'CLUSTER_AUTHORIZATION_FAILED' })
  errorCode = errorCodes.NONE
  // Whether the first of them still meets the old producer is a matter of timing.
  await log.append([record]).catch(() => log.append([record]))
})
