import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { builtinPlugins } from '../../../runtime/plugins/builtin.ts'
import { WorkerProcess } from '../../../runtime/testing/worker-process.ts'
import { excluded } from './excluded.ts'
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

/** Worker settings of the captures' profiles. */
const profiles: Readonly<Record<string, () => Promise<Record<string, string>>>> = {
  default: async () => ({}),
  restricted: async () => ({
    'connector.client.config.override.policy': 'None',
    'topic.tracking.enable': 'false',
    'admin.listeners': '',
  }),
  admin: async () => ({ 'admin.listeners': `http://localhost:${await freePort()}`, 'millrace.log.level': 'ERROR' }),
  log4j: async () => ({ 'millrace.log.level': 'INFO', 'millrace.log.level.org.example.quiet': 'ERROR' }),
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

describe.each(Object.keys(profiles))('a worker with the settings of the profile %s', profile => {
  let place: string
  let worker: WorkerProcess
  let admin: string | undefined

  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'millrace-golden-'))
    const settings = await profiles[profile]!()
    admin = settings['admin.listeners'] === '' ? undefined : settings['admin.listeners']
    worker = await WorkerProcess.start({
      command: path('../../../bin/millrace.mjs'),
      folder: place,
      properties: {
        'bootstrap.servers': `embedded:${join(place, 'broker')}`,
        'millrace.broker.port': '0',
        'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
        'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
        'offset.storage.file.filename': join(place, 'offsets'),
        'offset.flush.interval.ms': '500',
        listeners: 'http://localhost:0',
        'task.threads': '1',
        ...settings,
      },
    })
  })
  afterAll(async () => {
    await worker?.stop()
    await rm(place, { recursive: true, force: true })
  })

  const whole = (name: string) => excluded[name]?.some(({ steps }) => steps === undefined) === true
  const skipped = (name: string) => new Set(excluded[name]?.flatMap(({ steps }) => steps ?? []) ?? [])

  test.each(ofProfile(profile).filter(({ name }) => !whole(name)))('$name: $about', async scenario => {
    const skip = skipped(scenario.name)
    const at = { base: worker.rest, ...(admin !== undefined && { admin }), folder: join(place, 'data'), prefix: 'gq-' }
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
