import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Which broker coordinates a group (`keyType` 0) or a transactional id (1); several at once from version 4 on. */
export const findCoordinator = api({
  key: 10,
  name: 'FindCoordinator',
  versions: [0, 6],
  flexible: 3,
  request: struct({ key: f.string('0-3'), keyType: f.int8('1+'), coordinatorKeys: f.array('string', '4+') }),
  response: struct({
    throttleTimeMs: f.int32('1+', { ignorable: true }),
    errorCode: f.int16('0-3'),
    errorMessage: f.string('1-3', { nullable: '1-3', ignorable: true }),
    nodeId: f.int32('0-3'),
    host: f.string('0-3'),
    port: f.int32('0-3'),
    coordinators: f.array(
      struct({
        key: f.string('4+'),
        nodeId: f.int32('4+'),
        host: f.string('4+'),
        port: f.int32('4+'),
        errorCode: f.int16('4+'),
        errorMessage: f.string('4+', { nullable: '4+', ignorable: true }),
      }),
      '4+',
    ),
  }),
})
