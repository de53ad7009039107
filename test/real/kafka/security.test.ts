import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createKafka } from '../../../runtime/kafka/kafka.ts'
import { Ledger, newTopic, readNumbers, unique, until, writeNumbers } from '../../contract/kafka/parts/target.ts'
import { type ApacheKafka, startApacheKafka } from '../../support/apache-kafka.ts'

const login = 'org.apache.kafka.common.security'
const plain = `${login}.plain.PlainLoginModule required username="alice" password="alice \\"secret\\"";`
const scram = (password = 'bob-secret') =>
  `${login}.scram.ScramLoginModule required username="bob" password="${password}";`
const oauth = (options: string) => `${login}.oauthbearer.OAuthBearerLoginModule required ${options};`

let kafka: ApacheKafka
let dir: string
let tokens: Server
const asked: string[] = []

const run = (command: string, args: readonly string[]): void => {
  const result = spawnSync(command, args, { cwd: dir, encoding: 'utf8' })
  if (result.status !== 0) throw new Error(`${command} ${args[0]}: ${result.stderr}${result.stdout}`)
}

/** A key store with a self-signed certificate, and the certificate as PEM. */
const makeStore = (name: string, dname: string): void => {
  const store = ['-keystore', `${name}.p12`, '-storetype', 'PKCS12', '-storepass', 'changeit', '-alias', name]
  const made = ['-genkeypair', '-keyalg', 'EC', '-dname', dname, '-ext', `san=dns:${dname.slice(3)}`, ...store]
  run('keytool', made)
  run('keytool', ['-exportcert', '-rfc', '-file', `${name}.pem`, ...store])
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-security-'))
  makeStore('broker', 'CN=localhost')
  makeStore('client', 'CN=client')
  const nodes = ['-in', 'client.p12', '-passin', 'pass:changeit']
  run('openssl', ['pkcs12', ...nodes, '-nodes', '-out', 'client-both.pem'])
  run('openssl', ['pkcs12', ...nodes, '-nocerts', '-passout', 'pass:keypass', '-out', 'client-key.pem'])
  const trusted = ['-keystore', 'trust.p12', '-storetype', 'PKCS12', '-storepass', 'changeit', '-noprompt']
  run('keytool', ['-importcert', '-file', 'client.pem', '-alias', 'client', ...trusted])
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  tokens = createServer((request, response) => {
    let body = ''
    request.on('data', chunk => {
      body += chunk
    })
    request.on('end', () => {
      asked.push(`${request.headers.authorization} ${body}`)
      const now = Math.floor(Date.now() / 1000)
      const token = `${encode({ alg: 'none' })}.${encode({ sub: 'carol', iat: now, exp: now + 3600 })}.`
      const good = request.headers.authorization === `Basic ${Buffer.from('id:secret').toString('base64')}`
      response.statusCode = good ? 200 : 401
      response.end(JSON.stringify(good ? { access_token: token, expires_in: 3600 } : { error: 'invalid_client' }))
    })
  })
  await new Promise<void>(resolve => tokens.listen(0, '127.0.0.1', resolve))
  kafka = await startApacheKafka({
    format: [
      '--add-scram',
      'SCRAM-SHA-256=[name=bob,password=bob-secret]',
      '--add-scram',
      'SCRAM-SHA-512=[name=bob,password=bob-secret]',
    ],
    settings: {
      listeners:
        'PLAINTEXT://localhost:PORT,CONTROLLER://localhost:CONTROLLER_PORT,SASL_PLAINTEXT://localhost:EXTRA0,' +
        'SSL://localhost:EXTRA1,SASL_SSL://localhost:EXTRA2,MUTUAL://localhost:EXTRA3',
      'listener.security.protocol.map':
        'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL,MUTUAL:SSL',
      'inter.broker.listener.name': 'PLAINTEXT',
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
      'connections.max.reauth.ms': '1500',
      'ssl.keystore.type': 'PKCS12',
      'ssl.keystore.location': join(dir, 'broker.p12'),
      'ssl.keystore.password': 'changeit',
      'ssl.truststore.type': 'PKCS12',
      'ssl.truststore.location': join(dir, 'trust.p12'),
      'ssl.truststore.password': 'changeit',
      'listener.name.mutual.ssl.client.auth': 'required',
      ...Object.fromEntries(
        ['sasl_plaintext', 'sasl_ssl'].flatMap(name => {
          const unsecured = `${login}.oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler`
          return [
            [
              `listener.name.${name}.plain.sasl.jaas.config`,
              `${login}.plain.PlainLoginModule required user_alice="alice \\\\"secret\\\\"";`,
            ],
            [`listener.name.${name}.scram-sha-256.sasl.jaas.config`, `${login}.scram.ScramLoginModule required;`],
            [`listener.name.${name}.scram-sha-512.sasl.jaas.config`, `${login}.scram.ScramLoginModule required;`],
            [`listener.name.${name}.oauthbearer.sasl.jaas.config`, oauth('unsecuredLoginStringClaim_sub="x"')],
            [`listener.name.${name}.oauthbearer.sasl.server.callback.handler.class`, unsecured],
          ]
        }),
      ),
    },
  })
}, 120_000)

afterAll(async () => {
  await kafka?.close()
  await new Promise(resolve => tokens?.close(resolve) ?? resolve(null))
  await rm(dir, { recursive: true, force: true })
})

const listTopics = async (port: 0 | 1 | 2 | 3, settings: Record<string, string>): Promise<readonly string[]> => {
  const bootstrap = `localhost:${kafka.brokers[0]!.extraPorts[port]}`
  const client = createKafka({ 'bootstrap.servers': bootstrap, 'default.api.timeout.ms': '5000', ...settings })
  try {
    return await client.admin().listTopics()
  } finally {
    await client.close()
  }
}

const sasl = (mechanism: string, jaas: string): Record<string, string> => ({
  'security.protocol': 'SASL_PLAINTEXT',
  'sasl.mechanism': mechanism,
  'sasl.jaas.config': jaas,
})

describe('security', () => {
  const good: readonly (readonly [string, string])[] = [
    ['PLAIN', plain],
    ['SCRAM-SHA-256', scram()],
    ['SCRAM-SHA-512', scram()],
    ['OAUTHBEARER', oauth('unsecuredLoginStringClaim_sub="carol"')],
  ]
  it.each(good)('SASL %s is accepted', async (mechanism, jaas) => {
    await listTopics(0, sasl(mechanism, jaas))
  })

  const bad: readonly (readonly [string, string])[] = [
    ['PLAIN', plain.replace('alice \\"', 'wrong')],
    ['SCRAM-SHA-256', scram('wrong')],
    ['SCRAM-SHA-512', scram('wrong')],
  ]
  it.each(bad)(
    'SASL %s with a wrong password fails at once, without the password in the error',
    async (mechanism, jaas) => {
      const started = performance.now()
      const error = (await listTopics(0, sasl(mechanism, jaas)).catch(found => found)) as Error
      expect(error).toMatchObject({ kind: 'AUTHENTICATION', retriable: false })
      expect(error.message).toMatch(new RegExp(`refused ${mechanism}.*sasl.jaas.config`))
      expect(error.message).not.toMatch(/wrong|secret/)
      expect(performance.now() - started).toBeLessThan(4000)
    },
  )

  it('OAUTHBEARER with a token from an endpoint', async () => {
    const { port } = tokens.address() as { port: number }
    const settings = (secret: string) => ({
      ...sasl('OAUTHBEARER', oauth(`clientId="id" clientSecret="${secret}" scope="kafka"`)),
      'sasl.oauthbearer.token.endpoint.url': `http://127.0.0.1:${port}/token`,
    })
    await listTopics(0, settings('secret'))
    expect(asked.at(-1)).toContain('grant_type=client_credentials&scope=kafka')
    const error = await listTopics(0, settings('hidden')).catch(found => found)
    expect(error).toMatchObject({ kind: 'AUTHENTICATION' })
    expect(error.message).toMatch(/127.0.0.1:\d+\/token: status 401/)
    expect(error.message).not.toContain('hidden')
  })

  it.each(good)(
    'authenticates again with %s before the session ends, on the same connections',
    async (mechanism, jaas) => {
      const topic = await newTopic({ bootstrap: kafka.bootstrap, replicationFactor: 1 })
      const warnings: string[] = []
      const log = { debug() {}, info() {}, warn: (text: string) => warnings.push(text), error() {} }
      const bootstrap = `localhost:${kafka.brokers[0]!.extraPorts[0]}`
      const client = createKafka({ 'bootstrap.servers': bootstrap, ...sasl(mechanism, jaas) }, { log })
      try {
        const producer = client.producer()
        await producer.prepare([topic])
        const ledger = new Ledger()
        const end = Date.now() + 4000
        let next = 0
        while (Date.now() < end) {
          writeNumbers(producer, topic, 0, next, ++next, ledger)
          producer.send()
          await until(() => ledger.acked === next)
          await new Promise(resolve => setTimeout(resolve, 5))
        }
        expect(warnings).toEqual([])
        expect((await readNumbers(kafka.bootstrap, topic)).get(0)?.length).toBe(next)
      } finally {
        await client.close()
      }
    },
  )

  it('TLS with a trust store in a file and in the settings', async () => {
    const location = join(dir, 'broker.pem')
    const ssl = { 'security.protocol': 'SSL', 'ssl.truststore.type': 'PEM' }
    await listTopics(1, { ...ssl, 'ssl.truststore.location': location })
    const pem = readFileSync(location, 'utf8')
    await listTopics(1, { ...ssl, 'ssl.truststore.certificates': pem.replaceAll('\n', '\\n') })
  })

  it('TLS refuses a certificate it does not know, and a name that is not in it', async () => {
    const unknown = await listTopics(1, { 'security.protocol': 'SSL' }).catch(found => found)
    expect(unknown).toMatchObject({ kind: 'AUTHENTICATION' })
    expect(unknown.message).toMatch(/ssl.truststore/)
    const { port } = { port: kafka.brokers[0]!.extraPorts[1] }
    const settings = {
      'bootstrap.servers': `127.0.0.1:${port}`,
      'security.protocol': 'SSL',
      'ssl.truststore.location': join(dir, 'broker.pem'),
      'default.api.timeout.ms': '3000',
    }
    const strict = createKafka(settings)
    await expect(strict.admin().listTopics()).rejects.toMatchObject({ kind: 'AUTHENTICATION' })
    await strict.close()
    const lax = createKafka({ ...settings, 'ssl.endpoint.identification.algorithm': '' })
    await lax.admin().listTopics()
    await lax.close()
  })

  it('TLS with a client certificate: PKCS12, PEM in one file, PEM in the settings with a locked key', async () => {
    const ssl = { 'security.protocol': 'SSL', 'ssl.truststore.location': join(dir, 'broker.pem') }
    await expect(listTopics(3, ssl)).rejects.toThrow()
    await listTopics(3, {
      ...ssl,
      'ssl.keystore.location': join(dir, 'client.p12'),
      'ssl.keystore.password': 'changeit',
    })
    await listTopics(3, { ...ssl, 'ssl.keystore.type': 'PEM', 'ssl.keystore.location': join(dir, 'client-both.pem') })
    await listTopics(3, {
      ...ssl,
      'ssl.keystore.certificate.chain': readFileSync(join(dir, 'client.pem'), 'utf8'),
      'ssl.keystore.key': readFileSync(join(dir, 'client-key.pem'), 'utf8'),
      'ssl.key.password': 'keypass',
    })
  })

  it('SASL over TLS carries records', async () => {
    const bootstrap = `localhost:${kafka.brokers[0]!.extraPorts[2]}`
    const settings = {
      ...sasl('SCRAM-SHA-512', scram()),
      'bootstrap.servers': bootstrap,
      'security.protocol': 'SASL_SSL',
      'ssl.truststore.location': join(dir, 'broker.pem'),
    }
    const topic = await newTopic({ bootstrap: kafka.bootstrap, replicationFactor: 1 })
    const client = createKafka(settings)
    try {
      const producer = client.producer()
      await producer.prepare([topic])
      const ledger = new Ledger()
      writeNumbers(producer, topic, 0, 0, 5000, ledger, ' '.repeat(200))
      await producer.flush()
      expect(ledger.acked).toBe(5000)
      const consumer = client.consumer({
        groupId: unique('group'),
        topics: [topic],
        settings: { 'auto.offset.reset': 'earliest' },
      })
      let count = 0
      await until(async () => {
        const fetched = await consumer.poll(200)
        for (const { reader, from } of fetched.batches) count += reader.count - from
        fetched.release()
        return count === 5000
      })
    } finally {
      await client.close()
    }
  })

  it('a client that does not speak TLS to a TLS listener, and the other way round, says so', async () => {
    const toTls = await listTopics(1, { 'default.api.timeout.ms': '500' }).catch(found => found)
    expect(toTls.message).toMatch(/security.protocol|closed the connection|no answer/)
    const fromTls = await listTopics(0, { 'security.protocol': 'SSL' }).catch(found => found)
    expect(fromTls.message).toMatch(/ssl|TLS|closed|hang/i)
  })
})
