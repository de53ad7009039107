import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Carries the bytes of a SASL exchange. */
export const saslAuthenticate = api({
  key: 36,
  name: 'SaslAuthenticate',
  versions: [0, 2],
  flexible: 2,
  request: struct({ authBytes: f.bytes('0+') }),
  response: struct({
    errorCode: f.int16('0+'),
    errorMessage: f.string('0+', { nullable: '0+' }),
    authBytes: f.bytes('0+'),
    sessionLifetimeMs: f.int64('1+', { ignorable: true }),
  }),
})
