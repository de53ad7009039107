import { describe, expect, test } from 'vitest'
import { c } from '../../../runtime/api/config.ts'
import {
  definePredicate,
  defineTransform,
  type PredicateDefinition,
  type TransformDefinition,
} from '../../../runtime/api/define.ts'
import { isConfigError } from '../../../runtime/api/errors.ts'
import type { ConnectRecord } from '../../../runtime/api/record.ts'
import { type ChainPlugins, createChain, type TransformChain } from '../../../runtime/pipeline/transform-chain.ts'

const events: string[] = []

const transform = (ignoresPayload: boolean, prepares: boolean) =>
  defineTransform({
    class: 'com.example.Suffix',
    version: '1',
    doc: 'Adds to the topic.',
    config: { suffix: c.string('What to add.', { importance: 'HIGH' }) },
    examples: [],
    ignoresPayload,
    create: ({ suffix }, side, { originals }) => ({
      apply: record => ({ ...record, topic: record.topic + suffix }),
      ...(prepares && {
        prepare: async (batch: readonly ConnectRecord[]) => {
          events.push(`prepare ${suffix} ${batch.map(({ topic }) => topic)}`)
        },
      }),
      close: () => void events.push(`close ${suffix} ${side} ${Object.keys(originals)}`),
    }),
  })

const predicate = (ignoresPayload: boolean) =>
  definePredicate({
    class: 'com.example.Named',
    version: '1',
    doc: 'By topic.',
    config: { name: c.string('Its name.', { importance: 'HIGH' }) },
    ignoresPayload,
    create: ({ name }) => ({
      test: record => record.topic === name,
      close: () => void events.push(`close predicate ${name}`),
    }),
  })

const plugins: ChainPlugins = {
  transform: async className => ({
    definition: transform(
      className.startsWith('Blind'),
      className.endsWith('Preparing'),
    ) as unknown as TransformDefinition,
    side: 'Key',
  }),
  predicate: async className => predicate(className === 'Blind') as unknown as PredicateDefinition,
}

const run = (chain: TransformChain, topic: string): string =>
  chain.steps.reduce<ConnectRecord>((record, step) => step.apply(record)!, { topic, value: null }).topic

test('runs transforms in their order, each with the settings under its name', async () => {
  const chain = await createChain(
    {
      transforms: ' b, a ',
      'transforms.a.type': 'Blind',
      'transforms.a.suffix': '-a',
      'transforms.b.type': 'Blind',
      'transforms.b.suffix': '-b',
    },
    plugins,
  )
  expect(run(chain, 't')).toBe('t-b-a')
  expect(chain.steps.map(({ className }) => className)).toEqual(['Blind', 'Blind'])
})

test('without transforms leaves payloads alone', async () => {
  for (const props of [{}, { transforms: '' }, { transforms: null }]) {
    const chain = await createChain(props, plugins)
    expect(chain).toMatchObject({ steps: [], ignoresPayload: true, prepares: false })
  }
})

const guarded = (type: string, predicateType: string, more: Record<string, string> = {}) =>
  createChain(
    {
      transforms: 'a',
      'transforms.a.type': type,
      'transforms.a.suffix': '!',
      'transforms.a.predicate': 'p',
      predicates: 'p',
      'predicates.p.type': predicateType,
      'predicates.p.name': 't',
      ...more,
    },
    plugins,
  )

describe('a predicate', () => {
  test('says where its transform applies, or where it does not', async () => {
    const positive = await guarded('Blind', 'Blind')
    expect([run(positive, 't'), run(positive, 'u')]).toEqual(['t!', 'u'])
    const negative = await guarded('Blind', 'Blind', { 'transforms.a.negate': 'true' })
    expect([run(negative, 't'), run(negative, 'u')]).toEqual(['t', 'u!'])
  })

  test.each([
    ['Blind', 'Blind', true],
    ['Blind', 'Seeing', false],
    ['Seeing', 'Blind', false],
  ])('counts for whether payloads are looked at: %s with %s', async (type, predicateType, expected) => {
    expect((await guarded(type, predicateType)).ignoresPayload).toBe(expected)
  })

  test('keeps records that do not concern it from prepare', async () => {
    const chain = await guarded('Preparing', 'Blind')
    expect(chain.prepares).toBe(true)
    events.length = 0
    const records = ['t', 'u', 't'].map(topic => ({ topic, value: null }))
    await chain.steps[0]!.prepare!(records)
    await chain.steps[0]!.prepare!([{ topic: 'u', value: null }])
    expect(events).toEqual(['prepare ! t,t'])
  })
})

test('closes what it made', async () => {
  const chain = await guarded('Blind', 'Blind')
  events.length = 0
  chain.close()
  expect(events).toEqual(['close ! Key type,suffix,predicate', 'close predicate t'])
})

test.each([
  [
    { transforms: 'a' },
    'transforms.a.type',
    'Invalid value null for configuration transforms.a.type: Not a Transformation',
  ],
  [
    { transforms: 'a', 'transforms.a.type': 'T' },
    'transforms.a.suffix',
    'Missing required configuration "transforms.a.suffix" which has no default value.',
  ],
  [{ transforms: 'a,a' }, 'transforms', 'Duplicate alias provided.'],
  [{ predicates: 'p' }, 'predicates.p.type', 'Not a Predicate'],
  [
    { transforms: 'a', 'transforms.a.type': 'T', 'transforms.a.suffix': '', 'transforms.a.predicate': 'p' },
    'transforms.a.predicate',
    'transforms.a.predicate names p, which is not listed in predicates',
  ],
  [
    { transforms: 'a', 'transforms.a.type': 'T', 'transforms.a.suffix': '', 'transforms.a.negate': 'true' },
    'transforms.a.negate',
    "there is no config 'transforms.a.predicate' defining a predicate to be negated",
  ],
  [
    { transforms: 'a', 'transforms.a.type': 'T', 'transforms.a.suffix': '', 'transforms.a.negate': 'perhaps' },
    'transforms.a.negate',
    'Invalid value perhaps for configuration transforms.a.negate',
  ],
])('%j is refused: %s', async (props, key, message) => {
  const error: unknown = await createChain(props, plugins).catch((thrown: unknown) => thrown)
  expect(isConfigError(error)).toBe(true)
  expect(error).toMatchObject({ key, message: expect.stringContaining(message) })
})
