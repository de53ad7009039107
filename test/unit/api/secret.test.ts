import { format, inspect } from 'node:util'
import { expect, test } from 'vitest'
import { Secret } from '../../../runtime/api/index.ts'

test('a secret shows itself to nobody but who asks (invariant 10)', () => {
  const secret = new Secret('hunter2')
  expect(secret.reveal()).toBe('hunter2')
  const shown = [
    `${secret}`,
    JSON.stringify({ secret, list: [secret] }),
    inspect({ secret }, { showHidden: true, depth: 9 }),
    format('%s %o %j', secret, secret, secret),
    Object.entries(secret).join(),
    new Error(`bad ${secret}`).stack,
  ].join()
  expect(shown).not.toContain('hunter2')
  expect(shown).toContain('[hidden]')
})
