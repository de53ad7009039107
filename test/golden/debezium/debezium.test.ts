import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import source from '../../../connectors/postgres/source.ts'
import { ByteWriter } from '../../../runtime/api/byte-writer.ts'
import type { Converter, Plugin, TransformDefinition } from '../../../runtime/api/define.ts'
import { javaErrorName } from '../../../runtime/api/errors.ts'
import { resolveLazy } from '../../../runtime/api/lazy.ts'
import type { ConnectRecord, SourceRecord } from '../../../runtime/api/record.ts'
import type { Schema } from '../../../runtime/api/schema.ts'
import { parseConfig } from '../../../runtime/config/parse.ts'
import jsonConverter from '../../../runtime/converters/json-converter.ts'
import { partitionForKey } from '../../../runtime/kafka/partitioner.ts'
import { RecordError } from '../../../runtime/pipeline/record-error.ts'
import { transformRecord } from '../../../runtime/pipeline/run-chain.ts'
import { createChain, type TransformChain } from '../../../runtime/pipeline/transform-chain.ts'
import { builtinPlugins } from '../../../runtime/plugins/builtin.ts'
import { loadPlugin } from '../../../runtime/plugins/load.ts'
import { TestPostgres } from '../../support/postgres.ts'
import { Capture, type StoredOffsets } from '../../support/postgres-capture.ts'
import { compact, fromJs, type Json, parse } from './lossless-json.mjs'
import { normaliseHeader, normaliseValue } from './normalise.mjs'
import { differentText, needsWorker, notYet } from './not-yet.ts'
import {
  collapsed,
  names,
  plain,
  played,
  type Recording,
  recordingIn,
  type Scenario,
  scenarioText,
  type Shown,
  type Step,
  shownTopics,
  textInOurWords,
} from './scenario.ts'

let server: TestPostgres
beforeAll(async () => {
  server = await TestPostgres.start({ max_replication_slots: '30', max_wal_senders: '30' })
})
afterAll(() => server?.stop())

const list = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value

const converterOf = (config: Readonly<Record<string, string>>, prefix: string): Converter => {
  const own = Object.entries(config).filter(([key]) => key.startsWith(prefix))
  const { config: parsed } = parseConfig(
    jsonConverter.config,
    Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value])),
  )
  return jsonConverter.create(parsed as never, 'value')
}

/** The bytes of a side, by the fast path and by the object path: they must be the same. */
const bytesOf = (converter: Converter, topic: string, schema: Schema | null, value: unknown): string | null => {
  const out = new ByteWriter(16)
  const fast = converter.encodeInto!(out, topic, schema, value) ? out.buf.toString('utf8', 0, out.pos) : null
  const slow = converter.encode(topic, schema, resolveLazy(value))
  expect(fast).toBe(slow === null ? null : Buffer.from(slow).toString('utf8'))
  return fast
}

const chainOf = (config: Readonly<Record<string, string>>): Promise<TransformChain> =>
  createChain(config, {
    async transform(name) {
      const known = builtinPlugins().find(({ location }) => location.class === name)!
      const side = name.endsWith('$Key') ? 'Key' : 'Value'
      return { definition: await loadPlugin<Plugin<TransformDefinition>>(known.location), side }
    },
    predicate: name => Promise.reject(new Error(`There is no predicate ${name} in these scenarios`)),
  })

/** Plays a scenario with the connector in this process. */
class Play {
  readonly #scenario: Scenario
  readonly #id: string
  readonly #captured: Json[] = []
  readonly #shown: Shown[] = []
  #chain: TransformChain | undefined
  #failed = false
  #config: Record<string, string> = {}
  #client: pg.Client | undefined
  readonly #sessions = new Map<string, pg.Client>()
  #capture: Capture | undefined
  #offsets: StoredOffsets | undefined
  #produce: (key: string, value: string) => void = () => {}

  constructor(scenario: Scenario) {
    this.#scenario = scenario
    this.#id = `dbz_${scenario.name}`
  }

  #rename = (text: string): string =>
    text
      .replace(/(\[L[\w.]+;@)[0-9a-f]+/g, '$1<hash>')
      .replace(/(must be one of )([\w-]+(?:, [\w-]+)+)/g, (_, start: string, values: string) => start + values.split(', ').sort().join(', '))
      .replaceAll(`Connection to ${server.host}:`, 'Connection to ${pg.host}:')

  #context(more: object = {}) {
    return { rename: this.#rename, txid: true, ...more }
  }

  #record(kind: string, name: string, value: unknown): void {
    this.#captured.push(fromJs({ kind, name, value }))
  }

  #filled(changes: Readonly<Record<string, string | null>> = {}): Record<string, string> {
    const filled: Record<string, string> = {
      ...this.#scenario.config,
      'database.hostname': server.host,
      'database.port': String(server.port),
      'database.user': server.user,
      'database.password': server.password,
      'slot.retry.delay.ms': '100',
    }
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) delete filled[key]
      else filled[key] = value
    }
    return filled
  }

  async #start(): Promise<void> {
    this.#capture = new Capture({
      ...(this.#offsets !== undefined && { offsets: this.#offsets }),
      taken: batch => {
        for (const record of batch) this.#take(record)
      },
      followTopic: async ({ topic, onMessage }) => {
        this.#produce = (key, value) =>
          onMessage({ topic, partition: 0, offset: 0, timestamp: 0, key: Buffer.from(key), value: Buffer.from(value) })
        return { handled: async () => {}, close: async () => {} }
      },
    })
    this.#offsets = this.#capture.offsets
    await this.#capture.start(this.#config)
    const mode = this.#config['snapshot.mode']
    await this.#capture.until(
      async () => (mode === 'initial_only' ? this.#capture!.ended : this.#streaming()),
      'the stream',
    )
  }

  async #streaming(): Promise<boolean> {
    const { rows } = await this.#client!.query(
      `select 1 from pg_stat_replication r join pg_replication_slots s on s.active_pid = r.pid where s.slot_name = $1 and r.state = 'streaming'`,
      [this.#config['slot.name']],
    )
    return rows.length > 0
  }

  async #stop(): Promise<void> {
    await this.#capture?.stop()
    this.#capture = undefined
    // The server notices a little later; what is asked before would be told of the connector that was.
    await expect.poll(async () => (await this.#client!.query('select from pg_replication_slots where active and database = current_database()')).rowCount, { timeout: 10_000 }).toBe(0)
  }

  /** Everything written so far was sent, and the records have come to rest. */
  async #quiet(): Promise<void> {
    if (this.#capture === undefined) return
    const { rows } = await this.#client!.query('select pg_current_wal_insert_lsn() l')
    await this.#capture.until(async () => {
      const { rows: sent } = await this.#client!.query(
        'select r.sent_lsn >= $2::pg_lsn ok from pg_stat_replication r join pg_replication_slots s on s.active_pid = r.pid where s.slot_name = $1',
        [this.#config['slot.name'], rows[0]!.l],
      )
      return sent.length === 0 || sent[0]!.ok === true
    }, 'the server to send everything')
    let count = -1
    while (count !== this.#capture.records.length) {
      count = this.#capture.records.length
      // Long enough for what the server has sent to be read: reads are paced by 5 ms.
      const heartbeat = Number(this.#config['heartbeat.interval.ms'] ?? 0)
      await sleep(150 + heartbeat * 2)
      if (heartbeat > 0) break
    }
    if (this.#capture.failure !== undefined) throw this.#capture.failure
  }

  async #step(step: Step): Promise<void> {
    const client = this.#client!
    for (const statement of list(step.sql)) {
      try {
        await client.query(statement)
      } catch (error) {
        if (step.mayFail !== true) throw error
        this.#record('sqlError', statement, (error as Error).message)
      }
    }
    if (step.session !== undefined) {
      let session = this.#sessions.get(step.session)
      if (session === undefined) this.#sessions.set(step.session, (session = await server.client(this.#id)))
      for (const statement of list(step.run)) await session.query(statement)
    }
    if (step.produce !== undefined) {
      this.#produce(step.produce.key, step.produce.value)
      await this.#quiet()
    }
    if (step.quiet === true) await this.#quiet()
    if (step.query !== undefined) {
      const { rows } = await client.query(step.query)
      this.#record('query', step.as!, normaliseValue(fromJs(rows), this.#context()))
    }
    if (step.offsets !== undefined) {
      await this.#quiet()
      const value = fromJs({ key: ['<connector>', { server: this.#id }], value: this.#offsets!.stored })
      this.#record('offsetsTopic', step.offsets, normaliseValue(value, this.#context()))
    }
    if (step.rest !== undefined) await this.#rest(step)
    if (step.validate !== undefined) await this.#validate(step)
    if (step.restart === true) {
      await this.#quiet()
      await this.#stop()
      await this.#start()
    }
    if (step.stop === true) await this.#stop()
    if (step.resume !== undefined) await this.#start()
    if (step.reconfigure !== undefined) {
      await this.#stop()
      this.#config = this.#filled(step.reconfigure)
      await this.#start()
    }
  }

  async #rest(step: Step): Promise<void> {
    const [method, path] = step.rest!
    const name = step.as ?? `${method} ${path}`
    if (path.endsWith('/offsets') && method === 'GET') {
      const stored = this.#offsets?.stored
      const offsets = stored === undefined ? [] : [{ partition: { server: this.#id }, offset: stored }]
      this.#record('rest', name, normaliseValue(fromJs({ status: 200, body: { offsets } }), this.#context()))
    } else if (path.endsWith('/offsets')) this.#offsets!.stored = undefined
    else if (method === 'DELETE') await this.#stop()
    else if (path.endsWith('/status')) expect(this.#capture!.failure).toBeUndefined()
  }

  async #validate(step: Step): Promise<void> {
    const props = this.#filled(step.validate)
    const { config, problems: parseProblems } = parseConfig(source.config, props)
    const problems =
      parseProblems.length > 0
        ? parseProblems
        : await source.validate!(config as never, {
            connector: 'golden',
            log: { debug() {}, info() {}, warn() {}, error() {} },
            originals: props,
            signal: new AbortController().signal,
          })
    const errors = [...new Set(problems.map(({ key }) => key))].map(key => ({
      name: key,
      errors: problems.filter(problem => problem.key === key).map(({ message }) => this.#rename(message)),
    }))
    this.#record('validate', step.as!, { error_count: problems.length, errors })
  }

  async play(): Promise<{ captured: readonly Json[]; topics: Json }> {
    await server.run('postgres', `create database ${this.#id} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'`)
    this.#client = await server.client(this.#id)
    try {
      for (const statement of this.#scenario.before) await this.#client.query(statement)
      this.#config = this.#filled()
      this.#chain = await chainOf(this.#scenario.config)
      if (this.#scenario.createdByStep !== true) await this.#start()
      for (const step of this.#scenario.steps) await this.#step(step)
      await this.#quiet()
      await this.#stop()
      return { captured: this.#captured, topics: shownTopics(this.#scenario, this.#shown) }
    } finally {
      await this.#capture?.stop()
      for (const session of this.#sessions.values()) await session.end()
      await this.#client.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots where not active')
      await this.#client.end()
      await server.run('postgres', `drop database ${this.#id} with (force)`)
    }
  }

  /** What the transforms of the scenario make of the record, and the bytes of that. */
  #take(record: SourceRecord): void {
    if (this.#failed) return
    const chain = this.#chain!
    if (chain.steps.length === 0) return this.#show(record)
    const { topic, partition, keySchema, valueSchema, timestamp, headers } = record
    try {
      const transformed = transformRecord(chain, {
        ...{ topic, partition: partition ?? null, keySchema: keySchema ?? null, valueSchema: valueSchema ?? null },
        ...{ timestamp: timestamp ?? null, headers: headers ?? [] },
        key: resolveLazy(record.key),
        value: resolveLazy(record.value),
      })
      if (transformed !== null) this.#show(transformed)
    } catch (error) {
      const name = this.#scenario.steps.find(step => step.failed !== undefined)?.failed
      if (name === undefined || !(error instanceof RecordError)) throw error
      this.#failed = true
      const cause = error.cause as Error
      const trace = `org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded in error handler | Caused by: ${javaErrorName(cause)}: ${cause.message.split('\n', 1)}`
      this.#record('status', name, { connector: 'RUNNING', task: 'FAILED', trace })
    }
  }

  #show(record: ConnectRecord): void {
    const { topic } = record
    const { config } = this.#scenario
    const side = (name: 'key' | 'value', schema: Schema | null, of: unknown) => {
      const converter = converterOf(config, `${name}.converter.`)
      const text = bytesOf(converter, topic, schema, of)
      if (text === null) return { shown: null, raw: null, text }
      const parsed = parse(text) as ReadonlyMap<string, Json>
      const enveloped = parsed.size === 2 && parsed.has('schema')
      const raw = enveloped ? parsed.get('payload')! : parsed
      const notification = topic.endsWith('-notification')
      const payload = normaliseValue(raw, this.#context({ notification, ...(name === 'key' && { keepNames: ['xmin'] }) }))
      return { shown: fromJs({ ...(enveloped ? { schema: parsed.get('schema') } : {}), payload }), raw, text }
    }
    const key = side('key', record.keySchema ?? null, record.key ?? null)
    const value = side('value', record.valueSchema ?? null, record.value)
    const ownHeaders = config['header.converter'] !== undefined
    const header = converterOf({ 'schemas.enable': 'false', ...config }, ownHeaders ? 'header.converter.' : '')
    const headers = (record.headers ?? []).map(({ key: name, schema, value: of }) => {
      const plain = resolveLazy(of)
      const text = ownHeaders || typeof plain !== 'string' ? bytesOf(header, topic, schema, plain) : plain
      return [name, normaliseHeader(name, text, this.#context())]
    })
    // Where the producer sends it: the partition that a transform chose, else one by the key.
    const count = Number(config['topic.creation.default.partitions'] ?? 1)
    const keyBytes = Buffer.from(key.text ?? '')
    const partition = record.partition ?? (key.text === null ? 0 : partitionForKey(keyBytes, 0, keyBytes.length, count))
    const shown = {
      ...(partition !== 0 && { partition }),
      ...{ key: key.shown, value: value.shown, headers },
    }
    this.#shown.push({ topic, partition, shown, raw: value.raw, timestamp: record.timestamp ?? null })
  }
}

/** What of the answers is there without a worker. */
const answers = (captured: Recording['captured']): readonly Json[] =>
  captured.flatMap(entry => {
    const kind = entry.get('kind')
    const value = entry.get('value') as ReadonlyMap<string, Json>
    if (kind === 'rest' && !String(entry.get('name')).includes('offsets')) return []
    if (kind === 'rest' && entry.get('name') === 'delete offsets') return []
    if (kind !== 'validate') return [entry]
    const body = value.get('body') as ReadonlyMap<string, Json>
    return [new Map<string, Json>([...entry, ['value', fromJs({ error_count: body.get('error_count'), errors: body.get('errors') })]])]
  })

test.each(played.filter(name => !Object.hasOwn(needsWorker, name)))('%s', { timeout: 60_000 }, async name => {
  const golden = recordingIn(textInOurWords(name))
  const result = await new Play(JSON.parse(scenarioText(name)) as Scenario).play()
  expect(plain(collapsed(result.topics))).toEqual(plain(golden.topics))
  // Members in the same order, and numbers with the same digits.
  expect(compact(collapsed(result.topics))).toBe(compact(golden.topics))
  expect(result.captured.map(plain)).toEqual(answers(golden.captured).map(plain))
})

test('at most one scenario in twenty differs, each for a reason', () => {
  const different = [...Object.keys(notYet), ...Object.keys(differentText)]
  for (const name of different) expect(names, name).toContain(name)
  expect(different.length / names.length).toBeLessThanOrEqual(0.05)
})
