import { writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { builtinPlugins } from '../../../runtime/plugins/builtin.ts'
import { WorkerProcess } from '../../../runtime/testing/worker-process.ts'
import { excluded, type Mode } from './excluded.ts'
import { type Answer, comparable, replay, type Scenario, type Step } from './replay.ts'
import { freePort } from '../../support/free-port.ts'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))
const folder = path('./scenarios')
const scenarios = await Promise.all(
  (await readdir(folder)).sort().map(async file => JSON.parse(await readFile(join(folder, file), 'utf8')) as Scenario),
)
/** What both workers can have: the captured one had the plugins of Kafka's distribution. */
const installed: ReadonlySet<string> = new Set(
  builtinPlugins().flatMap(({ location }) => (location.class.startsWith('org.apache.kafka.') ? [location.class] : [])),
)

/** What a captured profile needs of its workers. */
interface Profile {
  readonly modes?: readonly Mode[]
  readonly settings: (folder: string) => Promise<Record<string, string>> | Record<string, string>
  /** Settings of a second worker of the cluster. */
  readonly second?: Record<string, string>
}

const basicAuth = (folder: string): Record<string, string> => {
  writeFileSync(join(folder, 'users'), 'alice=secret\n')
  writeFileSync(
    join(folder, 'jaas'),
    `KafkaConnect {\n  org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule required file="${join(folder, 'users')}";\n};\n`,
  )
  return {
    'rest.extension.classes': 'org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension',
    'rest.jaas.file': join(folder, 'jaas'),
  }
}

const profiles: Readonly<Record<string, Profile>> = {
  default: { settings: () => ({}) },
  restricted: {
    settings: () => ({
      'connector.client.config.override.policy': 'None',
      'topic.tracking.enable': 'false',
      'admin.listeners': '',
    }),
  },
  admin: {
    settings: async () => ({ 'admin.listeners': `http://localhost:${await freePort()}`, 'millrace.log.level': 'ERROR' }),
  },
  log4j: { settings: () => ({ 'millrace.log.level': 'INFO', 'millrace.log.level.org.example.quiet': 'ERROR' }) },
  'basic-auth': { settings: basicAuth },
  eos: {
    modes: ['distributed'],
    settings: () => ({
      'exactly.once.source.support': 'enabled',
      'connector.client.config.override.policy': 'Allowlist',
      'connector.client.config.override.allowlist': 'acks,max.poll.records',
    }),
  },
  two: {
    modes: ['distributed'],
    settings: () => ({ 'scheduled.rebalance.max.delay.ms': '0' }),
    second: { 'scheduled.rebalance.max.delay.ms': '0' },
  },
}

const ofProfile = (profile: string) => scenarios.filter(one => (one.profile ?? 'default') === profile)

const differences = (step: Step, answer: Answer, base: string): { wanted: object; got: object } => {
  const { status, headers, body } = step.response!
  const page = (type: string | undefined) => type?.startsWith('text/html') === true
  return {
    wanted: { status, headers, body: comparable(body, step, base, installed) },
    got: { status: answer.status, headers: answer.headers, body: page(answer.headers['content-type']) ? answer.body : comparable(answer.body, step, base, installed) },
  }
}

/** A worker of its own, and one of a cluster: the captures are of the latter. */
const modes: Readonly<Record<Mode, (place: string) => Record<string, string>>> = {
  standalone: folder => ({ 'offset.storage.file.filename': join(folder, 'offsets') }),
  distributed: () => ({
    'group.id': 'oracle',
    'offset.storage.topic': 'golden-offsets',
    'config.storage.topic': 'golden-configs',
    'status.storage.topic': 'golden-status',
    'offset.storage.replication.factor': '1',
    'config.storage.replication.factor': '1',
    'status.storage.replication.factor': '1',
    'offset.storage.partitions': '1',
    'status.storage.partitions': '1',
  }),
}

/** What the worker of a run is connected to. */
export interface RestBroker {
  readonly settings: Readonly<Record<string, string>>
  close(): Promise<void>
}

/** Plays the captured scenarios against workers in these modes; `open` brings each its Kafka, `folder` is removed at the end. */
export const playCapturedRest = (played: readonly Mode[], open: (folder: string) => Promise<RestBroker>): void => {
  const runs = played.flatMap(mode => Object.entries(profiles).flatMap(([profile, { modes: only = ['standalone', 'distributed'] }]) =>
    only.includes(mode) ? [{ mode, profile }] : [],
  ),
)

describe.each(runs)('a $mode worker with the settings of the profile $profile', ({ mode, profile }) => {
  let place: string
  let broker: RestBroker | undefined
  let worker: WorkerProcess | undefined
  let second: WorkerProcess | undefined
  let admin: string | undefined

  const start = (folder: string, settings: Readonly<Record<string, string>>): Promise<WorkerProcess> =>
    WorkerProcess.start({
      command: path('../../../bin/millrace.mjs'),
      folder,
      properties: {
        'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
        'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
        ...modes[mode](place),
        'offset.flush.interval.ms': '500',
        listeners: 'http://localhost:0',
        'task.threads': '1',
        ...settings,
      },
    })

  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'millrace-golden-'))
    const settings = await profiles[profile]!.settings(place)
    admin = settings['admin.listeners'] === '' ? undefined : settings['admin.listeners']
    broker = await open(place)
    worker = await start(place, { ...broker.settings, ...settings })
    const more = profiles[profile]!.second
    if (more === undefined) return
    const other = join(place, 'second')
    await mkdir(other)
    second = await start(other, { 'bootstrap.servers': worker.bootstrap, ...more })
  }, 60_000)
  afterAll(async () => {
    await second?.stop()
    await worker?.stop()
    await broker?.close()
    await rm(place, { recursive: true, force: true })
  })

  const entries = (name: string) => (excluded[name] ?? []).filter(({ modes: only }) => only === undefined || only.includes(mode))
  const whole = (name: string) => entries(name).some(({ steps }) => steps === undefined)
  const skipped = (name: string) => new Set(entries(name).flatMap(({ steps }) => steps ?? []))

  test.each(ofProfile(profile).filter(({ name }) => !whole(name)))('$name: $about', async scenario => {
    const skip = skipped(scenario.name)
    const at = {
      base: worker!.rest,
      ...(admin !== undefined && { admin }),
      ...(second !== undefined && { second: second.rest }),
      pauses: mode === 'distributed',
      folder: join(place, 'data'),
      prefix: 'gq-',
    }
    await replay(
      scenario,
      at,
      number => skip.has(number),
      (step, number, answer) => {
        const { wanted, got } = differences(step, answer, at.base)
        if (skip.has(number)) expect(got, `step ${number} is as captured now: take it out of excluded.ts`).not.toEqual(wanted)
        else expect({ step: number, ...got }).toEqual({ step: number, ...wanted })
      },
    )
  })
})
}

/** The exclusions are of scenarios and requests that are there. */
export const testExcluded = (): void => {
test('what is excluded names scenarios and requests that are there', () => {
  for (const [name, entries] of Object.entries(excluded)) {
    const scenario = scenarios.find(one => one.name === name)
    expect(scenario, name).toBeDefined()
    for (const { steps = [], why } of entries) {
      expect(why.length).toBeGreaterThan(10)
      for (const number of steps) expect(scenario!.steps[number - 1]?.request, `${name} ${number}`).toBeDefined()
    }
  }
  const left = scenarios.filter(({ profile = 'default', name }) => profiles[profile] === undefined && excluded[name] === undefined)
  expect(left.map(({ name }) => name)).toEqual([])
})
}
