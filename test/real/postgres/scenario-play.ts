import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import type { Kafka } from '../../../runtime/kafka/ports.ts'
import { fromJs, type Json, parse } from '../../golden/debezium/lossless-json.mjs'
import { normaliseHeader, normaliseValue } from '../../golden/debezium/normalise.mjs'
import { type Recording, type Scenario, type Shown, type Step, shownTopics } from '../../golden/debezium/scenario.ts'
import { eventually } from '../../support/pipeline-world.ts'

const run = promisify(execFile)
const connectorClass = 'io.debezium.connector.postgresql.PostgresConnector'

/** The world that all scenarios share. */
export interface PlayParts {
  readonly kafka: Kafka
  readonly bootstrap: string
  /** Base URL of the worker's REST. */
  readonly rest: string
  readonly offsetsTopic: string
  readonly server: { readonly host: string; readonly port: number; readonly user: string; readonly password: string }
  /** Long enough for what was stored to be in the topic of offsets. */
  readonly flushMs: number
}

interface KcatRecord {
  readonly partition: number
  readonly offset: number
  readonly ts: number
  readonly key: string | null
  readonly payload: string | null
  readonly headers?: readonly (string | null)[]
}

const list = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value

let plays = 0

/** Plays a scenario over REST against a worker, as its recording was made. */
export class RestPlay {
  readonly #parts: PlayParts
  readonly #scenario: Scenario
  readonly #id: string
  readonly #connector: string
  readonly #config: Record<string, string>
  readonly #captured: ReadonlyMap<string, Json>[] = []
  readonly #sessions = new Map<string, pg.Client>()
  #client: pg.Client | undefined

  constructor(parts: PlayParts, scenario: Scenario) {
    this.#parts = parts
    this.#scenario = scenario
    this.#id = `dbz_${scenario.name}`
    // Another one each time: a second try must not go on from what the first has stored.
    this.#connector = `${this.#id}_${++plays}`
    const { host, port, user, password } = parts.server
    const filled = { host, port: String(port), user, password } as Readonly<Record<string, string>>
    this.#config = Object.fromEntries(
      Object.entries(scenario.config).map(([key, value]) => [
        key,
        value.replace(/\$\{pg\.(\w+)\}/g, (_, name: string) => filled[name]!).replaceAll('${kafka}', parts.bootstrap),
      ]),
    )
  }

  async play(): Promise<Recording> {
    await this.#onServer(`create database ${this.#id} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'`)
    this.#client = await this.#connect(this.#id)
    try {
      for (const statement of list(this.#scenario.before)) await this.#client.query(statement)
      // Debezium makes this one with as many partitions as the broker gives; a signal is read from one.
      const signals = this.#config['signal.kafka.topic']
      if (signals !== undefined)
        await this.#parts.kafka.admin().createTopics([{ name: signals, partitions: 1, replicationFactor: 1 }])
      if (this.#scenario.createdByStep !== true) await this.#create()
      for (const step of this.#scenario.steps) await this.#step(step)
      await this.#quiet()
      return { captured: this.#captured, topics: shownTopics(this.#scenario, await this.#records()) }
    } finally {
      await this.#ask('DELETE', `/connectors/${this.#connector}`)
      for (const session of this.#sessions.values()) await session.end()
      await this.#client.end()
      await this.#removeDatabase()
      await this.#parts.kafka.admin().deleteTopics(await this.#topics())
    }
  }

  async #connect(database: string): Promise<pg.Client> {
    const client = new pg.Client({ ...this.#parts.server, database })
    client.on('error', () => {})
    await client.connect()
    return client
  }

  async #onServer(statement: string): Promise<void> {
    const client = await this.#connect('postgres')
    try {
      await client.query(statement)
    } finally {
      await client.end()
    }
  }

  async #removeDatabase(): Promise<void> {
    const unused = `select pg_drop_replication_slot(slot_name) from pg_replication_slots where not active and database = '${this.#id}'`
    const still = `select from pg_replication_slots where database = '${this.#id}'`
    const client = await this.#connect('postgres')
    try {
      await eventually(
        'the slots to be free',
        async () => {
          await client.query(unused)
          return (await client.query(still)).rowCount
        },
        left => left === 0,
      )
      await client.query(`drop database ${this.#id} with (force)`)
    } finally {
      await client.end()
    }
  }

  async #ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> {
    for (;;) {
      const answer = await fetch(this.#parts.rest + path, {
        method,
        ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      })
      const text = await answer.text()
      // A rebalance is under way: as a client would, again.
      if (answer.status === 409) await sleep(200)
      else return { status: answer.status, body: text === '' ? null : parse(text) }
    }
  }

  #hide = (text: string): string => {
    const { host, port } = this.#parts.server
    // Where the server of the recording was.
    if (text === host) return 'localhost'
    if (text === String(port)) return '15432'
    return text
      .replace(/(\[L[\w.]+;@)[0-9a-f]+/g, '$1<hash>')
      .replace(
        /(must be one of )([\w-]+(?:, [\w-]+)+)/g,
        (_, start: string, values: string) => start + values.split(', ').sort().join(', '),
      )
      .replaceAll(this.#connector, '<connector>')
      .replaceAll(new URL(this.#parts.rest).host, '<worker>')
      .replaceAll(`Connection to ${host}:`, 'Connection to ${pg.host}:')
      .replaceAll('127.0.0.1:', '<host>:')
  }

  #context(more: object = {}) {
    const flat = /^(unwrap|outbox)_/.test(this.#scenario.name)
    return { rename: this.#hide, txid: true, flat, ...more }
  }

  #record(kind: string, name: string, value: unknown): void {
    this.#captured.push(
      new Map<string, Json>([
        ['kind', kind],
        ['name', name],
        ['value', fromJs(value)],
      ]),
    )
  }

  #changed(changes: Readonly<Record<string, string | null>>): Record<string, string> {
    const all: Record<string, string | null> = { ...this.#config, ...changes }
    return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null))
  }

  async #create(changes: Readonly<Record<string, string | null>> = {}, wait?: string): Promise<void> {
    const { status, body } = await this.#ask('POST', '/connectors', {
      name: this.#connector,
      config: this.#changed(changes),
    })
    if (status >= 400) throw new Error(`The connector was refused with ${status}: ${JSON.stringify(body)}`)
    const endsAlone = this.#config['snapshot.mode'] === 'initial_only'
    // It fails at once, and the step waits for that.
    if (this.#scenario.steps[0]?.failed !== undefined) return
    if ((wait ?? (endsAlone ? 'running' : 'streaming')) === 'streaming') await this.#untilStreaming()
    else
      await eventually(
        'the task',
        () => this.#status(),
        now => now?.task === 'RUNNING',
        45_000,
      )
  }

  async #status(): Promise<{ connector: string; task: string | undefined; trace: string | undefined } | undefined> {
    const { status, body } = await this.#ask('GET', `/connectors/${this.#connector}/status`)
    if (status !== 200) return undefined
    const whole = body as ReadonlyMap<string, Json>
    const connector = whole.get('connector') as ReadonlyMap<string, string>
    const task = (whole.get('tasks') as readonly ReadonlyMap<string, string>[])[0]
    return {
      connector: connector.get('state')!,
      task: task?.get('state'),
      trace: task?.get('trace') ?? connector.get('trace'),
    }
  }

  /** Waits for a walsender that sends; `other` than the one of this process id. */
  async #untilStreaming(other?: number): Promise<void> {
    const slot = this.#config['slot.name']
    await eventually(
      `${this.#connector} to stream`,
      async () => {
        const pid = await this.#walsender("and r.state = 'streaming'")
        if (pid !== undefined && pid !== other) return undefined
        const now = await this.#status()
        if (now?.task === 'FAILED' || now?.connector === 'FAILED') throw new Error(`${slot} failed: ${now.trace}`)
        return now ?? null
      },
      missing => missing === undefined,
      45_000,
    )
  }

  async #walsender(more = ''): Promise<number | undefined> {
    const { rows } = await this.#client!.query(
      `select r.pid from pg_stat_replication r join pg_replication_slots s on s.active_pid = r.pid where s.slot_name = $1 ${more}`,
      [this.#config['slot.name']],
    )
    return rows[0]?.pid
  }

  /** Everything written so far was sent, and the topics have come to rest. */
  async #quiet(): Promise<void> {
    const { rows } = await this.#client!.query('select pg_current_wal_insert_lsn() l')
    const slot = this.#config['slot.name']
    await eventually(
      'the server to send everything',
      async () => {
        const { rows: sent } = await this.#client!.query(
          'select r.sent_lsn >= $2::pg_lsn ok from pg_stat_replication r join pg_replication_slots s on s.active_pid = r.pid where s.slot_name = $1',
          [slot, rows[0]!.l],
        )
        return sent.length === 0 || sent[0]!.ok === true
      },
      done => done,
    )
    const grows = Number(this.#config['heartbeat.interval.ms'] ?? 0) > 0
    // Signals are looked for now and then, and answered by chunks.
    const signalled = this.#config['signal.data.collection'] !== undefined || this.#config['signal.enabled.channels']
    const rest = grows ? 2500 : signalled ? 3000 : 1000
    let last = await this.#size()
    for (let since = performance.now(); performance.now() - since < rest; await sleep(100)) {
      const now = await this.#size()
      if (now !== last && !grows) since = performance.now()
      last = now
    }
  }

  async #topics(): Promise<readonly string[]> {
    const name = this.#id.replaceAll('_', '(?:_|_u005f)')
    const own = new RegExp(`(^|[^a-z0-9_])(${name})($|[^a-z0-9_])`)
    return (await this.#parts.kafka.admin().listTopics()).filter(topic => own.test(topic)).sort()
  }

  async #size(): Promise<number> {
    const admin = this.#parts.kafka.admin()
    const topics = await admin.describeTopics(await this.#topics())
    const all = topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partition }) => ({ topic: name, partition })),
    )
    if (all.length === 0) return 0
    return (await admin.listOffsets(all, 'latest')).reduce((sum, { offset }) => sum + offset, 0)
  }

  async #read(topic: string): Promise<readonly KcatRecord[]> {
    const admin = this.#parts.kafka.admin()
    const [description] = await admin.describeTopics([topic])
    const partitions = (description?.partitions ?? []).map(({ partition }) => ({ topic, partition }))
    const records: KcatRecord[] = []
    for (const { partition, offset } of await admin.listOffsets(partitions, 'latest')) {
      if (offset === 0) continue
      // A topic that keeps growing has no end to wait for: a count.
      const from = [
        '-C',
        '-t',
        topic,
        '-p',
        String(partition),
        '-o',
        'beginning',
        '-c',
        String(offset),
        '-e',
        '-q',
        '-J',
      ]
      const { stdout } = await run('kcat', ['-b', this.#parts.bootstrap, ...from], { maxBuffer: 1 << 28 })
      for (const line of stdout.split('\n')) if (line !== '') records.push(JSON.parse(line) as KcatRecord)
    }
    return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
  }

  async #records(): Promise<readonly Shown[]> {
    const shown: Shown[] = []
    for (const topic of await this.#topics()) {
      if (topic === this.#config['signal.kafka.topic']) continue
      for (const record of await this.#read(topic)) shown.push(this.#shown(topic, record))
    }
    return shown
  }

  #shown(topic: string, record: KcatRecord): Shown {
    const notification = topic.includes('notification')
    const side = (text: string | null, isKey: boolean) => {
      if (text === null) return { shown: null, raw: null }
      const parsed = parsedOrText(text) as ReadonlyMap<string, Json> | string
      if (typeof parsed === 'string') return { shown: fromJs({ text: this.#hide(parsed) }), raw: null }
      const enveloped = parsed instanceof Map && parsed.size === 2 && parsed.has('schema') && parsed.has('payload')
      const raw = enveloped ? parsed.get('payload')! : parsed
      const payload = normaliseValue(raw, this.#context({ notification, ...(isKey && { keepNames: ['xmin'] }) }))
      return { shown: fromJs({ ...(enveloped ? { schema: parsed.get('schema') } : {}), payload }), raw }
    }
    const key = side(record.key, true)
    const value = side(record.payload, false)
    const given = record.headers ?? []
    const headers = Array.from({ length: given.length / 2 }, (_, at) => {
      const name = given[at * 2]!
      return [name, normaliseHeader(name, given[at * 2 + 1] ?? null, this.#context())]
    })
    const { partition } = record
    const shown = { ...(partition !== 0 && { partition }), key: key.shown, value: value.shown, headers }
    return { topic, partition, shown, raw: value.raw, timestamp: record.ts }
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
      if (session === undefined) this.#sessions.set(step.session, (session = await this.#connect(this.#id)))
      for (const statement of list(step.run)) await session.query(statement)
    }
    if (step.sleep !== undefined) await sleep(step.sleep)
    if (step.quiet === true) await this.#quiet()
    if (step.query !== undefined) {
      const { rows } = await client.query(step.query)
      this.#record('query', step.as!, normaliseValue(fromJs(rows), this.#context()))
    }
    if (step.offsets !== undefined) await this.#storedOffset(step.offsets)
    if (step.rest !== undefined) await this.#rest(step)
    if (step.validate !== undefined) await this.#validate(step, step.validate)
    if (step.restart === true) await this.#anew('POST', `/connectors/${this.#connector}/restart?includeTasks=true`)
    if (step.stop === true) await this.#stop()
    if (step.resume !== undefined) {
      await this.#ask('PUT', `/connectors/${this.#connector}/resume`)
      if (step.resume !== 'nowait') await this.#untilStreaming()
    }
    if (step.reconfigure !== undefined)
      await this.#anew('PUT', `/connectors/${this.#connector}/config`, this.#changed(step.reconfigure))
    if (step.create !== undefined) await this.#create(step.create === true ? {} : step.create, step.wait)
    if (step.failed !== undefined) await this.#failed(step.failed)
    if (step.produce !== undefined) await this.#produce(step.produce)
  }

  /** A request after which the task streams over another connection. */
  async #anew(method: string, path: string, body?: unknown): Promise<void> {
    const before = await this.#walsender()
    await this.#ask(method, path, body)
    await this.#untilStreaming(before)
  }

  async #stop(): Promise<void> {
    await this.#ask('PUT', `/connectors/${this.#connector}/stop`)
    await eventually(
      'the stop',
      () => this.#status(),
      now => now?.connector === 'STOPPED' && now.task === undefined,
    )
    await eventually(
      'the slot to be free',
      () => this.#walsender(),
      pid => pid === undefined,
    )
  }

  async #storedOffset(name: string): Promise<void> {
    await sleep(this.#parts.flushMs)
    const own = (await this.#read(this.#parts.offsetsTopic)).filter(({ key }) => key?.includes(`"${this.#connector}"`))
    const last = own.at(-1)
    const value =
      last === undefined
        ? null
        : new Map<string, Json>([
            ['key', normaliseValue(parse(last.key!), this.#context())],
            ['value', last.payload === null ? null : normaliseValue(parse(last.payload), this.#context())],
          ])
    this.#record('offsetsTopic', name, value)
  }

  async #rest(step: Step): Promise<void> {
    if (step.flush === true) await sleep(this.#parts.flushMs)
    const [method, path, body] = step.rest!
    const answer = await this.#ask(method, path.replace('{name}', this.#connector), body)
    // How far a snapshot is: a status of Kafka Connect has no such member.
    if (path.endsWith('/status'))
      for (const task of (answer.body as ReadonlyMap<string, readonly Map<string, Json>[]>).get('tasks') ?? [])
        task.delete('progress')
    this.#record('rest', step.as ?? `${method} ${path}`, normaliseValue(fromJs(answer), this.#context()))
  }

  async #validate(step: Step, changes: Readonly<Record<string, string | null>>): Promise<void> {
    const config = step.bare === true ? changes : this.#changed(changes)
    const path = `/connector-plugins/${connectorClass}/config/validate`
    const { status, body } = await this.#ask('PUT', path, { name: this.#connector, ...config })
    const whole = body as ReadonlyMap<string, Json>
    const errors = (whole.get('configs') as readonly ReadonlyMap<string, Json>[]).flatMap(entry => {
      const value = entry.get('value') as ReadonlyMap<string, Json> | undefined
      const found = value?.get('errors') as readonly Json[] | undefined
      return found === undefined || found.length === 0 ? [] : [{ name: value!.get('name'), errors: found }]
    })
    const shown = { name: whole.get('name'), error_count: whole.get('error_count'), errors }
    this.#record('validate', step.as!, normaliseValue(fromJs({ status, body: shown }), this.#context()))
  }

  async #failed(name: string): Promise<void> {
    const now = await eventually(
      'a failure',
      () => this.#status(),
      state => state?.task === 'FAILED' || state?.connector === 'FAILED',
      45_000,
    )
    const { connector, task = null, trace } = now!
    const lines = String(trace)
      .replace(/PostgresOffsetContext \[.*?\]\], /gs, 'PostgresOffsetContext [<position>], ')
      .split('\n')
      .filter((line, at) => at === 0 || line.startsWith('Caused by'))
    this.#record('status', name, { connector, task, trace: this.#hide(lines.join(' | ')) })
  }

  async #produce({ topic, key, value }: NonNullable<Step['produce']>): Promise<void> {
    const log = this.#parts.kafka.topicLog({ topic, onRecord() {} })
    await log.start()
    await log.append([{ key: Buffer.from(key), value: Buffer.from(value) }])
    await log.stop()
  }
}

/** What is no JSON is shown as text. */
const parsedOrText = (text: string): unknown => {
  try {
    return parse(text)
  } catch {
    return text
  }
}
