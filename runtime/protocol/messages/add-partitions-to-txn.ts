import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

const addPartitionsToTxnTopic = struct({ name: f.string('0+'), partitions: f.array('int32', '0+') })

const addPartitionsToTxnPartitionResult = struct({ partitionIndex: f.int32('0+'), partitionErrorCode: f.int16('0+') })

const addPartitionsToTxnTopicResult = struct({
  name: f.string('0+'),
  resultsByPartition: f.array(addPartitionsToTxnPartitionResult, '0+'),
})

/** Enters partitions into a transaction: of one producer up to version 3, of several (between brokers) from version 4 on. */
export const addPartitionsToTxn = api({
  key: 24,
  name: 'AddPartitionsToTxn',
  versions: [0, 5],
  flexible: 3,
  request: struct({
    transactions: f.array(
      struct({
        transactionalId: f.string('4+'),
        producerId: f.int64('4+'),
        producerEpoch: f.int16('4+'),
        verifyOnly: f.boolean('4+'),
        topics: f.array(addPartitionsToTxnTopic, '4+'),
      }),
      '4+',
    ),
    v3AndBelowTransactionalId: f.string('0-3'),
    v3AndBelowProducerId: f.int64('0-3'),
    v3AndBelowProducerEpoch: f.int16('0-3'),
    v3AndBelowTopics: f.array(addPartitionsToTxnTopic, '0-3'),
  }),
  response: struct({
    throttleTimeMs: f.int32('0+'),
    errorCode: f.int16('4+', { ignorable: true }),
    resultsByTransaction: f.array(
      struct({ transactionalId: f.string('4+'), topicResults: f.array(addPartitionsToTxnTopicResult, '4+') }),
      '4+',
    ),
    resultsByTopicV3AndBelow: f.array(addPartitionsToTxnTopicResult, '0-3'),
  }),
})
