import { describe, expect, test } from 'vitest'
import {
  type ConnectRecord,
  c,
  definePredicate,
  defineTransform,
  isConfigError,
  type PredicateDefinition,
  type TransformDefinition,
} from '../../../runtime/api/index.ts'
import { transformRecord } from '../../../runtime/pipeline/run-chain.ts'
import { type ChainPlugins, createChain } from '../../../runtime/pipeline/transform-chain.ts'

const described = { version: '1.0.0', doc: 'For these tests.', examples: [] }
const closed: string[] = []

/** Adds its text and side to the topic. */
const append = defineTransform({
  class: 'test.Append',
  ...described,
  config: { text: c.string('What is added.'), 'more.text': c.string('More.', { default: '', aliases: ['old.text'] }) },
  sides: ['Key', 'Value'],
  ignoresPayload: true,
  create: ({ text, moreText }, side, { originals }) => ({
    apply: record => ({
      ...record,
      topic: `${record.topic}${text}${moreText}${side[0]}${originals['undeclared'] ?? ''}`,
    }),
    close: () => closed.push(text),
  }),
})

const upper = defineTransform({
  class: 'test.Upper',
  ...described,
  config: {},
  create: () => ({
    prepare: async batch => void (prepared = [...prepared, batch.map(({ topic }) => topic)]),
    apply: record => ({ ...record, topic: record.topic.toUpperCase() }),
  }),
})
let prepared: string[][] = []

const longTopic = definePredicate({
  class: 'test.LongTopic',
  version: '1.0.0',
  doc: 'True from some length on.',
  config: { length: c.int('Characters.', { default: 3 }) },
  ignoresPayload: true,
  create: ({ length }) => ({ test: record => record.topic.length >= length, close: () => closed.push('predicate') }),
})
const hasValue = definePredicate({
  class: 'test.HasValue',
  version: '1.0.0',
  doc: 'Reads the payload.',
  config: {},
  create: () => ({ test: record => record.value !== null }),
})

const plugins: ChainPlugins = {
  transform: name => ({
    definition: (name.startsWith('test.Append') ? append : upper) as TransformDefinition,
    side: name.endsWith('$Key') ? 'Key' : 'Value',
  }),
  predicate: async name => (name === 'test.HasValue' ? hasValue : longTopic) as PredicateDefinition,
}

const record = (topic: string): ConnectRecord => ({ topic, value: null })
const topicAfter = async (props: Record<string, string>, topic: string): Promise<string | undefined> =>
  transformRecord(await createChain(props, plugins), record(topic))?.topic

describe('a chain', () => {
  test('without transforms does nothing, and needs nothing decoded', async () => {
    for (const props of [{}, { transforms: '' }, { transforms: null }]) {
      const chain = await createChain(props, plugins)
      expect(chain).toMatchObject({ steps: [], ignoresPayload: true, prepares: false })
      expect(transformRecord(chain, record('t'))).toEqual(record('t'))
    }
  })

  test('applies in order, each with its settings, aliases and what it does not declare', async () => {
    const props = {
      transforms: ' a , b ',
      'transforms.a.type': 'test.Append$Key',
      'transforms.a.text': '1',
      'transforms.a.old.text': '2',
      'transforms.b.type': 'test.Append$Value',
      'transforms.b.text': '3',
      'transforms.b.undeclared': '4',
    }
    expect(await topicAfter(props, 't')).toBe('t12K3V4')
  })

  test('asks a predicate, or its contrary', async () => {
    const props = {
      transforms: 'a',
      'transforms.a.type': 'test.Append$Value',
      'transforms.a.text': '!',
      'transforms.a.predicate': 'long',
      predicates: 'long',
      'predicates.long.type': 'test.LongTopic',
      'predicates.long.length': '2',
    }
    expect([await topicAfter(props, 'a'), await topicAfter(props, 'ab')]).toEqual(['a', 'ab!V'])
    const contrary = { ...props, 'transforms.a.negate': 'TRUE' }
    expect([await topicAfter(contrary, 'a'), await topicAfter(contrary, 'ab')]).toEqual(['a!V', 'ab'])
  })

  test('leaves lazy values alone only when no step and no predicate reads them', async () => {
    const step = { 'transforms.a.type': 'test.Append$Value', 'transforms.a.text': '' }
    const ignores = async (props: Record<string, string>) => (await createChain(props, plugins)).ignoresPayload
    expect(await ignores({ transforms: 'a', ...step })).toBe(true)
    expect(await ignores({ transforms: 'a,u', ...step, 'transforms.u.type': 'test.Upper' })).toBe(false)
    const guarded = (type: string) => ({
      transforms: 'a',
      ...step,
      'transforms.a.predicate': 'p',
      predicates: 'p',
      'predicates.p.type': type,
    })
    expect(await ignores(guarded('test.LongTopic'))).toBe(true)
    expect(await ignores(guarded('test.HasValue'))).toBe(false)
  })

  test('prepares only with records that a step is going to get', async () => {
    const chain = await createChain(
      {
        transforms: 'u',
        'transforms.u.type': 'test.Upper',
        'transforms.u.predicate': 'p',
        predicates: 'p',
        'predicates.p.type': 'test.LongTopic',
      },
      plugins,
    )
    prepared = []
    expect(chain.prepares).toBe(true)
    await chain.steps[0]!.prepare!([record('a'), record('long')])
    await chain.steps[0]!.prepare!([record('b')])
    expect(prepared).toEqual([['long']])
  })

  test('closes all of it', async () => {
    closed.length = 0
    const chain = await createChain(
      {
        transforms: 'a',
        'transforms.a.type': 'test.Append$Value',
        'transforms.a.text': 'x',
        predicates: 'p',
        'predicates.p.type': 'test.LongTopic',
      },
      plugins,
    )
    chain.close()
    expect(closed).toEqual(['x', 'predicate'])
  })
})

test.each([
  [
    { transforms: 'a' },
    'transforms.a.type',
    'Invalid value null for configuration transforms.a.type: Not a Transformation',
  ],
  [{ predicates: 'p' }, 'predicates.p.type', 'Invalid value null for configuration predicates.p.type: Not a Predicate'],
  [
    { transforms: 'a,b,a' },
    'transforms',
    'Invalid value [a, b, a] for configuration transforms: Duplicate alias provided.',
  ],
  [
    { transforms: 'a', 'transforms.a.type': 'test.Append$Key' },
    'transforms.a.text',
    'Missing required configuration "transforms.a.text" which has no default value.',
  ],
  [
    { predicates: 'p', 'predicates.p.type': 'test.LongTopic', 'predicates.p.length': 'x' },
    'predicates.p.length',
    'Invalid value x for configuration predicates.p.length: Not a number of type INT',
  ],
  [
    { transforms: 'u', 'transforms.u.type': 'test.Upper', 'transforms.u.negate': 'maybe' },
    'transforms.u.negate',
    'Invalid value maybe for configuration transforms.u.negate: Expected value to be either true or false',
  ],
  [
    { transforms: 'u', 'transforms.u.type': 'test.Upper', 'transforms.u.negate': 'true' },
    'transforms.u.negate',
    "Config 'transforms.u.negate' was provided but there is no config 'transforms.u.predicate' defining a predicate to be negated.",
  ],
  [
    { transforms: 'u', 'transforms.u.type': 'test.Upper', 'transforms.u.predicate': 'p' },
    'transforms.u.predicate',
    "org.apache.kafka.connect.errors.ConnectException: org.apache.kafka.common.config.ConfigException: Unknown configuration 'predicates.p.plugin.version'",
  ],
])('%j fails and names %s', async (props, key, message) => {
  const error = await createChain(props, plugins).catch((caught: unknown) => caught)
  expect(isConfigError(error)).toBe(true)
  expect(error).toMatchObject({ key, message })
})

test('starts each transform with what the task gives it, and closes what is open when one fails to start', async () => {
  const happened: string[] = []
  const starting = defineTransform({
    class: 'test.Starting',
    ...described,
    config: { fails: c.boolean('Whether it fails.', { default: false }) },
    create: ({ fails }, _side, { log }) => ({
      async start() {
        if (fails) throw new Error('no such file')
        happened.push(`started ${log === undefined ? 'without' : 'with'} a log`)
      },
      apply: record => record,
      close: () => happened.push('closed'),
    }),
  })
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const only: ChainPlugins = { ...plugins, transform: () => ({ definition: starting, side: 'Value' }) }
  const props = { transforms: 'a,b', 'transforms.a.type': 'x', 'transforms.b.type': 'x' }
  const chain = await createChain(props, only, { log })
  expect(happened.splice(0)).toEqual(['started with a log', 'started with a log'])
  chain.close()
  expect(happened.splice(0)).toEqual(['closed', 'closed'])
  await expect(createChain({ ...props, 'transforms.b.fails': 'true' }, only)).rejects.toThrow('no such file')
  expect(happened).toEqual(['started without a log', 'closed', 'closed'])
})
