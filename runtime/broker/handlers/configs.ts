import type { ResponseInputOf } from '../../protocol/api.ts'
import { KafkaProtocolError } from '../../protocol/error-codes.ts'
import { alterConfigs } from '../../protocol/messages/alter-configs.ts'
import { describeConfigs } from '../../protocol/messages/describe-configs.ts'
import { incrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.ts'
import { type BrokerParts, errorFields, type Served, serve } from '../serve.ts'
import { brokerDefinitions } from '../settings/broker-settings.ts'
import { splitList } from '../settings/definition.ts'
import { checkTopicSettings, topicDefault, topicDefinitions } from '../settings/topic-settings.ts'
import { internalTopics } from '../topics/topics.ts'
import { ConfigSource, configTypeOf, describeTopicConfigs } from './topic-configs.ts'

type Described = NonNullable<ResponseInputOf<typeof describeConfigs>['results']>[number]
type DescribedEntry = NonNullable<Described['configs']>[number]
type Values = Readonly<Record<string, string>>

// Kinds of resources, and what is done to a setting, in Kafka's numbers.
const TOPIC = 2
const BROKER = 4
const SET = 0
const DELETE = 1
const APPEND = 2
const SUBTRACT = 3

interface Asked {
  readonly resourceType: number
  readonly resourceName: string
}

export const serveConfigs = (parts: BrokerParts): Served[] => [
  serve(describeConfigs, [0, 4], ({ resources, includeSynonyms, includeDocumentation }) => ({
    results: resources.map((asked): Described => {
      const { resourceType, resourceName, configurationKeys } = asked
      try {
        const configs = entries(asked, parts)
          .filter(({ name }) => configurationKeys === null || configurationKeys.includes(name))
          .map(({ synonyms, documentation, ...entry }) => ({
            ...entry,
            synonyms: includeSynonyms ? synonyms : [],
            documentation: includeDocumentation ? documentation : null,
          }))
        return { resourceType, resourceName, errorCode: 0, errorMessage: null, configs }
      } catch (error) {
        return { resourceType, resourceName, ...errorFields(error, parts.log) }
      }
    }),
  })),

  serve(alterConfigs, [0, 2], async ({ resources, validateOnly }) => {
    const responses = []
    for (const asked of resources) {
      responses.push(
        await alter(asked, validateOnly, parts, () => {
          const values: Record<string, string> = {}
          for (const { name, value } of asked.configs) if (value !== null) values[name] = value
          return values
        }),
      )
    }
    return { responses }
  }),

  serve(incrementalAlterConfigs, [0, 1], async ({ resources, validateOnly }) => {
    const responses = []
    for (const asked of resources) {
      responses.push(
        await alter(asked, validateOnly, parts, own => {
          const values = { ...own }
          for (const { name, configOperation, value } of asked.configs) {
            change(values, name, configOperation, value, topicDefault(name, parts.settings).value)
          }
          return values
        }),
      )
    }
    return { responses }
  }),
]

async function alter(asked: Asked, validateOnly: boolean, parts: BrokerParts, change: (own: Values) => Values) {
  const { resourceType, resourceName } = asked
  try {
    if (resourceType !== TOPIC) {
      const detail = 'only settings of topics can be changed while the embedded broker runs'
      throw new KafkaProtocolError('INVALID_REQUEST', { detail })
    }
    const topic = parts.topics.get(resourceName)
    if (topic === undefined) throw new KafkaProtocolError('UNKNOWN_TOPIC_OR_PARTITION', { topic: resourceName })
    if (internalTopics.has(resourceName)) {
      const detail = 'it belongs to the broker'
      throw new KafkaProtocolError('INVALID_TOPIC_EXCEPTION', { topic: resourceName, detail })
    }
    if (validateOnly) checkTopicSettings(change(topic.configs))
    else await parts.topics.configure(resourceName, change)
    return { resourceType, resourceName, errorCode: 0, errorMessage: null }
  } catch (error) {
    return { resourceType, resourceName, ...errorFields(error, parts.log) }
  }
}

function change(
  values: Record<string, string>,
  name: string,
  operation: number,
  value: string | null,
  inherited: string,
): void {
  if (operation === DELETE) {
    delete values[name]
    return
  }
  if (value === null) throw new KafkaProtocolError('INVALID_CONFIG', { detail: `${name} has no value` })
  if (operation === SET) {
    values[name] = value
    return
  }
  if (topicDefinitions[name]?.type !== 'list' || (operation !== APPEND && operation !== SUBTRACT)) {
    const detail = `operation ${operation} on ${name}, which is no list`
    throw new KafkaProtocolError('INVALID_CONFIG', { detail })
  }
  const old = splitList(values[name] ?? inherited)
  const parts = splitList(value)
  const result = operation === APPEND ? [...new Set([...old, ...parts])] : old.filter(part => !parts.includes(part))
  values[name] = result.join(',')
}

type Entry = DescribedEntry & { readonly name: string }

function entries({ resourceType, resourceName }: Asked, parts: BrokerParts): Entry[] {
  if (resourceType === TOPIC) return topicEntries(resourceName, parts)
  if (resourceType === BROKER) return brokerEntries(resourceName, parts)
  const detail = `resources of type ${resourceType}; topics (${TOPIC}) and brokers (${BROKER}) have settings here`
  throw new KafkaProtocolError('INVALID_REQUEST', { detail })
}

function topicEntries(name: string, parts: BrokerParts): Entry[] {
  const topic = parts.topics.get(name)
  if (topic === undefined) throw new KafkaProtocolError('UNKNOWN_TOPIC_OR_PARTITION', { topic: name })
  return describeTopicConfigs(topic.configs, parts.settings).map(entry => {
    const definition = topicDefinitions[entry.name]!
    const { value, fromBroker } = topicDefault(entry.name, parts.settings)
    const brokerName = definition.brokerName ?? entry.name
    const own = topic.configs[entry.name]
    return {
      ...entry,
      isDefault: own === undefined,
      configType: configTypeOf(definition),
      documentation: definition.doc,
      synonyms: [
        ...(own === undefined ? [] : [{ name: entry.name, value: own, source: ConfigSource.TOPIC }]),
        ...(fromBroker ? [{ name: brokerName, value, source: ConfigSource.STATIC_BROKER }] : []),
        { name: brokerName, value: definition.default, source: ConfigSource.DEFAULT },
      ],
    }
  })
}

function brokerEntries(name: string, parts: BrokerParts): Entry[] {
  // Without a name: what a whole cluster shares, of which there is nothing here.
  if (name === '') return []
  if (name !== String(parts.nodeId)) {
    throw new KafkaProtocolError('INVALID_REQUEST', { detail: `broker ${name}; there is ${parts.nodeId} only` })
  }
  return Object.entries(brokerDefinitions).map(([name, definition]) => {
    const given = parts.settings.given[name]
    const configSource = given === undefined ? ConfigSource.DEFAULT : ConfigSource.STATIC_BROKER
    return {
      name,
      value: given ?? definition.default,
      readOnly: true,
      isDefault: given === undefined,
      configSource,
      isSensitive: false,
      configType: configTypeOf(definition),
      documentation: definition.doc,
      synonyms: [{ name, value: given ?? definition.default, source: configSource }],
    }
  })
}
