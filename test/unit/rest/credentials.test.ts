import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readCredentials, type SecuritySettings, usersFile } from '../../../runtime/rest/credentials.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-credentials-'))
afterAll(() => rmSync(folder, { recursive: true }))

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const module = 'org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule'
const basic = 'org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension'
const jaas = (users: string) =>
  file(
    'jaas',
    `// users of REST\nKafkaClient { x.Other required a="}"; };\nKafkaConnect { ${module} required\n  file="${users}"; };`,
  )
const none: SecuritySettings = { extensions: [], jaasFile: undefined, tokensFile: undefined, roles: [] }

test('nothing set: everybody may do everything', () => expect(readCredentials(none)).toBeUndefined())

describe('users', () => {
  test('as the login module reads them; without roles all are admins', () => {
    const found = readCredentials({
      ...none,
      extensions: [basic],
      jaasFile: jaas(file('users', 'alice=se\\u0063ret\nbob: x y\n')),
    })!
    expect(found.user('alice', 'secret')).toEqual({ name: 'alice', role: 'admin' })
    expect(found.user('bob', 'x y')).toEqual({ name: 'bob', role: 'admin' })
    for (const [name, password] of [
      ['alice', 'Secret'],
      ['alice', ''],
      ['carol', ''],
      ['', ''],
      ['__proto__', ''],
    ] as const)
      expect(found.user(name, password)).toBeUndefined()
    expect(found.token('secret')).toBeUndefined()
  })

  test('roles; who has none is known and may do nothing', () => {
    const settings = {
      ...none,
      extensions: [basic],
      jaasFile: jaas(file('users', 'a=1\nb=2\nc:d=3\n'.replace('c:d', 'c\\:d'))),
    }
    const found = readCredentials({ ...settings, roles: ['a:read', 'c:d:Operate'] })!
    expect(found.user('a', '1')).toEqual({ name: 'a', role: 'read' })
    expect(found.user('c:d', '3')).toEqual({ name: 'c:d', role: 'operate' })
    expect(found.user('b', '2')).toEqual({ name: 'b', role: undefined })
  })

  test('an empty file lets everybody in, as in Kafka Connect', () => {
    const found = readCredentials({ ...none, extensions: [basic], jaasFile: jaas(file('users', '# none\n')) })!
    expect(found.user('anybody', 'anything')).toEqual({ name: 'anybody', role: 'admin' })
  })

  test('comments, quotes and other entries of the JAAS file', () => {
    expect(
      usersFile(`/* KafkaConnect { } */ A { m required; };KafkaConnect{${module} required file="/a//b}c";};`),
    ).toBe('/a//b}c')
  })

  test.each([
    ['KafkaClient { a.B required; };', 'no entry KafkaConnect'],
    ['KafkaConnect { a.B required; };', 'the login module a.B is not known here'],
    [`KafkaConnect { ${module} required; };`, 'needs the option file'],
    [`KafkaConnect { ${module} file="x"; };`, 'must be: LoginModuleClass required'],
  ])('%s', (text, message) => expect(() => usersFile(text)).toThrow(message))
})

describe('tokens', () => {
  test('as they are, or as their digest', () => {
    const digest = createHash('sha256').update('a-second-token-of-length').digest('hex')
    const tokensFile = file('tokens', `prometheus=read a-token-of-sixteen\nci = admin sha256:${digest}\n`)
    const found = readCredentials({ ...none, tokensFile })!
    expect(found.token('a-token-of-sixteen')).toEqual({ name: 'prometheus', role: 'read' })
    expect(found.token('a-second-token-of-length')).toEqual({ name: 'ci', role: 'admin' })
    expect(found.token(digest)).toBeUndefined()
    expect(found.token('')).toBeUndefined()
    expect(found.user('prometheus', 'a-token-of-sixteen')).toBeUndefined()
  })

  test.each([
    ['a=read short', /a in .*: a token needs at least 16 characters/],
    ['a=root hunter2hunter2hunter2', /the role must be one of read, operate, admin, not root/],
    ['a=hunter2hunter2hunter2', /is not NAME=ROLE TOKEN/],
    ['', /holds no tokens/],
  ])('%s is refused, the token is not told', (text, message) => {
    const read = () => readCredentials({ ...none, tokensFile: file('tokens', text) })
    expect(read).toThrow(message)
    expect(read).not.toThrow(/hunter2/)
  })
})

test.each([
  [{ extensions: ['com.example.Other'] }, 'com.example.Other is not known here'],
  [{ extensions: [basic] }, 'name the JAAS file'],
  [{ extensions: [basic], jaasFile: '/nowhere/jaas' }, '/nowhere/jaas cannot be read'],
  [{ extensions: [basic], jaasFile: 'x', roles: ['alice'] }, 'alice is not user:role'],
  [{ roles: ['alice:read'] }, 'set rest.extension.classes too'],
  [{ tokensFile: '/nowhere/tokens' }, '/nowhere/tokens cannot be read'],
])('%j cannot work', (settings, message) => {
  expect(() => readCredentials({ ...none, ...settings })).toThrow(message)
})
