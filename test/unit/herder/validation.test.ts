import { beforeAll, describe, expect, test } from 'vitest'
import { c } from '../../../runtime/api/config.ts'
import { defineSink } from '../../../runtime/api/define.ts'
import { CodedError } from '../../../runtime/base/errors.ts'
import { Validator } from '../../../runtime/herder/validation.ts'
import { PluginRegistry } from '../../../runtime/plugins/registry.ts'
import type { ConnectorProps } from '../../../runtime/stores/ports.ts'
import { recordingLog } from '../../support/fakes/log.ts'

const json = 'org.apache.kafka.connect.json.JsonConverter'
const sink = { name: 'n', 'connector.class': 'FileStreamSink', topics: 't' }
const source = { name: 'n', 'connector.class': 'FileStreamSource', topic: 't' }
let plugins: PluginRegistry
beforeAll(async () => {
  plugins = await PluginRegistry.open({ log: recordingLog() })
})

const log = recordingLog()
const validate = (props: ConnectorProps, worker: Record<string, string> = {}, resolved: Record<string, string> = {}) =>
  new Validator({
    plugins,
    log,
    resolve: async given =>
      Object.fromEntries(Object.entries(given).map(([key, value]) => [key, resolved[value ?? ''] ?? value])),
    workerProps: { 'key.converter': json, 'value.converter': json, ...worker },
  }).validate(props)

/** Validates with a sink that looks outside as it is told. */
const lookingOutside = (check: () => Promise<readonly []>) => {
  const definition = defineSink({
    class: 'test.OutsideSinkConnector',
    version: '1.0.0',
    doc: 'd',
    config: { login: c.password('L.') },
    validate: check,
    open: () => ({ write() {} }),
  })
  const only = {
    locate: async () => ({ class: definition.class, version: '1.0.0' }),
    load: async () => definition,
    lookup: () => undefined,
    list: () => [],
  }
  return new Validator({
    plugins: only as unknown as PluginRegistry,
    log,
    resolve: async given => given,
    workerProps: {},
    timeoutMs: 30,
  }).validate({ name: 'n', topics: 't', 'connector.class': definition.class, login: 'hunter2' })
}

test.each<{ props: Record<string, string>; key: string; says: string }>([
  { props: { name: 'workers' }, key: 'name', says: 'Consumer group for sink connector named workers conflicts' },
  {
    props: { 'consumer.override.group.id': 'connect-workers' },
    key: 'consumer.override.group.id',
    says: 'Consumer group connect-workers conflicts',
  },
])("a sink is refused the workers' own group: $key", async ({ props, key, says }) => {
  const { configs } = await validate({ ...sink, ...props }, { 'group.id': 'connect-workers' })
  const errors = configs.flatMap(({ value }) => value.errors.map(error => `${value.name}: ${error}`))
  expect(errors).toEqual([`${key}: ${says} with Connect worker group connect-workers`])
  expect((await validate({ ...sink, ...props }, { 'group.id': 'others' })).error_count).toBe(0)
})

const enabled = { 'group.id': 'g', 'exactly.once.source.support': 'enabled' }
const disabledText = 'This worker does not have exactly-once source support enabled.'
const cannotText = 'The connector does not support exactly-once semantics with the provided configuration.'
test.each<{ worker: Record<string, string>; props: Record<string, string>; says: string[] }>([
  { worker: enabled, props: { file: '/f', 'exactly.once.support': 'required' }, says: [] },
  // Lines of stdin have no offsets.
  { worker: enabled, props: { 'exactly.once.support': 'Required' }, says: [cannotText] },
  { worker: {}, props: { file: '/f', 'exactly.once.support': 'required' }, says: [disabledText] },
  {
    worker: { 'group.id': 'g', 'exactly.once.source.support': 'preparing' },
    props: { 'exactly.once.support': 'required' },
    says: [disabledText, cannotText],
  },
  {
    worker: enabled,
    props: { 'transaction.boundary': 'connector' },
    says: [
      'The connector does not support connector-defined transaction boundaries with the given configuration. Please reconfigure it to use a different transaction boundary definition.',
    ],
  },
])('exactly-once support is required of worker and connector: $worker $props', async ({ worker, props, says }) => {
  const { configs } = await validate({ ...source, ...props }, worker)
  expect(configs.flatMap(({ value }) => value.errors)).toEqual(says)
})

test('settings of automatic restarts are shown where one is used, and checked', async () => {
  const shown = ({ configs }: Awaited<ReturnType<typeof validate>>) =>
    configs.filter(({ value }) => value.name.startsWith('errors.restart.'))
  expect(shown(await validate(source))).toEqual([])
  const wrong = shown(await validate({ ...source, 'errors.restart.max': '-2' }))
  expect(wrong).toHaveLength(4)
  expect(wrong.flatMap(({ value }) => value.errors)).toEqual([
    'Invalid value -2 for configuration errors.restart.max: Value must be at least -1',
  ])
})

describe('what only the outside can tell', () => {
  const first = async (check: () => Promise<readonly []>) =>
    (await lookingOutside(check)).configs.find(({ value }) => value.name === 'connector.class')?.value.errors

  test('is waited for no longer than the limit, whether or not the connector follows its signal', async () => {
    expect(await first(() => new Promise(() => {}))).toEqual([
      'The configuration could not be checked: what it connects to did not answer within 0.03 s',
    ])
  })

  test('is told without secrets', async () => {
    expect(await first(() => Promise.reject(new Error('no user a with hunter2')))).toEqual([
      'The configuration could not be checked: no user a with [hidden]',
    ])
  })
})

const errors = async (...args: Parameters<typeof validate>): Promise<Record<string, readonly string[]>> =>
  Object.fromEntries(
    (await validate(...args)).configs.flatMap(({ value }) =>
      value.errors.length > 0 ? [[value.name, value.errors]] : [],
    ),
  )
const refused = async (...args: Parameters<typeof validate>): Promise<CodedError> => {
  const error: unknown = await validate(...args).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(CodedError)
  return error as CodedError
}

test('a variable is shown as a variable, in values and in errors (invariant 10)', async () => {
  const infos = await validate({ ...sink, 'tasks.max': '${v:x}', file: '${v:x}' }, {}, { '${v:x}': 'sesame' })
  expect(JSON.stringify(infos)).not.toContain('sesame')
  const shown = Object.fromEntries(infos.configs.map(({ value }) => [value.name, value]))
  expect(shown['file']?.value).toBe('${v:x}')
  expect(shown['tasks.max']?.errors[0]).toBe(
    'Invalid value ${v:x} for configuration tasks.max: Not a number of type INT',
  )
})

test('a setting that nobody knows but that looks like one is named in the log, without its value', async () => {
  log.lines.length = 0
  const region = { 'connector.class': 'AivenKafkaConnectS3SinkConnector', topics: 't', aws_s3_region: 'eu-west-1' }
  await validate({ ...source, 'batch.sizes': 'sesame', 'producer.override.acks': '1', 'my.own.note': 'x' })
  await validate({ ...region, output_compresion: 'none' })
  expect(log.lines.map(({ level, message }) => [level, message])).toEqual([
    ['warn', 'The setting batch.sizes means nothing to this connector. Did you mean batch.size?'],
    ['warn', 'The setting output_compresion means nothing to this connector. Did you mean output_compression?'],
  ])
})

test('without a class nothing can be asked; secrets of such a request are not shown', async () => {
  const error = await refused({ name: 'n', 'db.password': 'hunter2', topic: 't' })
  expect(error).toMatchObject({ status: 400, code: 'NO_CONNECTOR_TYPE' })
  expect(error.message).toContain('topic=t')
  expect(error.message).not.toContain('hunter2')
})

test('a class that is not there: the text Kafka Connect has, and a hint', async () => {
  const error = await refused({ ...source, 'connector.class': 'FileStreamSuorce' })
  expect(error.status).toBe(400)
  expect(error.message).toMatch(
    /^Failed to find any class that implements Connector and which name matches FileStreamSuorce, available connectors are: PluginDesc\{klass=class /,
  )
  expect(error.hint).toBe('Did you mean org.apache.kafka.connect.file.FileStreamSourceConnector?')
})

describe('topics of a sink', () => {
  test.each([
    [{ topics: 'a,b,a' }, { topics: ["Configuration 'topics' values must not be duplicated."] }],
    [
      { topics: '', 'topics.regex': 'x.*', 'errors.deadletterqueue.topic.name': 'xyz' },
      {
        'topics.regex': [
          "The DLQ topic 'xyz' may not be matched by the regex for the topics ('topics.regex=x.*') consumed by the connector",
        ],
      },
    ],
  ])('%j', async (props, expected) => {
    expect(await errors({ ...sink, ...props })).toEqual(expected)
  })

  test('a pattern that is none is refused', async () => {
    const { 'topics.regex': wrong } = await errors({
      name: 'n',
      'connector.class': 'FileStreamSink',
      'topics.regex': '(',
    })
    expect(wrong).toEqual([expect.stringMatching(/^Invalid value \( for configuration topics.regex: /)])
  })
})

describe('client overrides', () => {
  const props = { ...sink, 'consumer.override.max.poll.records': '5', 'consumer.override.sasl.mechanism': 'PLAIN' }
  test.each([
    ['All', 0],
    ['None', 2],
    ['Principal', 1],
    ['org.apache.kafka.connect.connector.policy.NoneConnectorClientConfigOverridePolicy', 2],
  ])('under the policy %s: %i forbidden', async (policy, count) => {
    expect(Object.keys(await errors(props, { 'connector.client.config.override.policy': policy }))).toHaveLength(count)
  })

  test('an allow list names what may be overridden', async () => {
    const worker = {
      'connector.client.config.override.policy': 'Allowlist',
      'connector.client.config.override.allowlist': 'sasl.mechanism',
    }
    expect(Object.keys(await errors(props, worker))).toEqual(['consumer.override.max.poll.records'])
  })

  test('only those of clients that the connector has are looked at', async () => {
    const names = async (more: ConnectorProps) =>
      (await validate({ ...props, 'producer.override.acks': '1', 'admin.override.retries': '1', ...more })).configs
        .map(({ value }) => value.name)
        .filter(name => name.includes('.override.'))
    expect(await names({})).toEqual(['consumer.override.max.poll.records', 'consumer.override.sasl.mechanism'])
    expect(await names({ 'errors.deadletterqueue.topic.name': 'd' })).toHaveLength(4)
  })

  test("a password among them stays hidden, in Kafka Connect's place too", async () => {
    const infos = await validate({ ...sink, 'consumer.override.sasl.jaas.config': 'hunter2' })
    expect(JSON.stringify(infos)).not.toContain('hunter2')
  })

  test('a value that its client cannot take refuses the request', async () => {
    const error = await refused({ ...sink, 'consumer.override.max.poll.records': 'x' })
    expect(error).toMatchObject({
      status: 500,
      message:
        'org.apache.kafka.common.config.ConfigException: Invalid value x for configuration max.poll.records: Not a number of type INT',
    })
  })
})

test('transforms: unknown classes, wrong kinds and versions are told at their setting', async () => {
  expect(
    await errors({
      ...source,
      transforms: 'a,b,c',
      'transforms.a.type': 'Nope',
      'transforms.b.type': 'FileStreamSink',
      'transforms.c.type': 'RegexRouter',
      'transforms.c.plugin.version': '9.9.9',
      'transforms.c.regex': 'x',
      'transforms.c.replacement': 'y',
      'transforms.c.negate': 'true',
    }),
  ).toEqual({
    'transforms.a.type': ['Invalid value Nope for configuration transforms.a.type: Class Nope could not be found.'],
    'transforms.b.type': [
      'Class class org.apache.kafka.connect.file.FileStreamSinkConnector does not implement the Transformation interface',
    ],
    'transforms.c.plugin.version': [expect.stringContaining('version 4.3.0 is the only one here')],
    'transforms.c.type': [
      "Config 'transforms.c.negate' was provided but there is no config 'transforms.c.predicate' defining a predicate to be negated.",
    ],
  })
})
