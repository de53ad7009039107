import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Creates topics. */
export const createTopics = api({
  key: 19,
  name: 'CreateTopics',
  versions: [0, 7],
  flexible: 5,
  request: struct({
    topics: f.array(
      struct({
        name: f.string('0+'),
        numPartitions: f.int32('0+'),
        replicationFactor: f.int16('0+'),
        assignments: f.array(struct({ partitionIndex: f.int32('0+'), brokerIds: f.array('int32', '0+') }), '0+'),
        configs: f.array(struct({ name: f.string('0+'), value: f.string('0+', { nullable: '0+' }) }), '0+'),
      }),
      '0+',
    ),
    timeoutMs: f.int32('0+', { default: 60000 }),
    validateOnly: f.boolean('1+'),
  }),
  response: struct({
    throttleTimeMs: f.int32('2+', { ignorable: true }),
    topics: f.array(
      struct({
        name: f.string('0+'),
        topicId: f.uuid('7+', { ignorable: true }),
        errorCode: f.int16('0+'),
        errorMessage: f.string('1+', { nullable: '0+', ignorable: true }),
        topicConfigErrorCode: f.int16('5+', { tag: 0, tagged: '5+', ignorable: true }),
        numPartitions: f.int32('5+', { default: -1, ignorable: true }),
        replicationFactor: f.int16('5+', { default: -1, ignorable: true }),
        configs: f.array(
          struct({
            name: f.string('5+'),
            value: f.string('5+', { nullable: '5+' }),
            readOnly: f.boolean('5+'),
            configSource: f.int8('5+', { default: -1, ignorable: true }),
            isSensitive: f.boolean('5+'),
          }),
          '5+',
          { nullable: '5+', ignorable: true },
        ),
      }),
      '0+',
    ),
  }),
})
