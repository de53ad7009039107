import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Deletes topics, by name or from version 6 on by id. */
export const deleteTopics = api({
  key: 20,
  name: 'DeleteTopics',
  versions: [0, 6],
  flexible: 4,
  request: struct({
    topics: f.array(struct({ name: f.string('6+', { nullable: '6+', default: null }), topicId: f.uuid('6+') }), '6+'),
    topicNames: f.array('string', '0-5', { ignorable: true }),
    timeoutMs: f.int32('0+'),
  }),
  response: struct({
    throttleTimeMs: f.int32('1+', { ignorable: true }),
    responses: f.array(
      struct({
        name: f.string('0+', { nullable: '6+' }),
        topicId: f.uuid('6+', { ignorable: true }),
        errorCode: f.int16('0+'),
        errorMessage: f.string('5+', { nullable: '5+', default: null, ignorable: true }),
      }),
      '0+',
    ),
  }),
})
