import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Chooses the SASL mechanism. */
export const saslHandshake = api({
  key: 17,
  name: 'SaslHandshake',
  versions: [0, 1],

  request: struct({ mechanism: f.string('0+') }),
  response: struct({ errorCode: f.int16('0+'), mechanisms: f.array('string', '0+') }),
})
