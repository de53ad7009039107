import type { Log } from '../api/context.ts'
import { ConfigError, ConnectError } from '../api/errors.ts'
import type { Admin, NewTopic } from '../kafka/ports.ts'
import { topicPattern } from './topic-pattern.ts'

interface Group {
  readonly name: string
  readonly include: readonly RegExp[]
  readonly exclude: readonly RegExp[]
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: Readonly<Record<string, string>>
}

type Props = Readonly<Record<string, string | undefined>>

const PREFIX = 'topic.creation.'
const OWN = ['include', 'exclude', 'partitions', 'replication.factor']

/**
 * How topics of a source connector are made when they do not exist: `topic.creation.*`, groups tried in order, `default`
 * last. Undefined without such settings: then it is up to the broker (`auto.create.topics.enable`). Throws ConfigError.
 */
export const topicGroups = (props: Props): readonly Group[] | undefined => {
  if (!Object.keys(props).some(key => key.startsWith(PREFIX))) return undefined
  const names = list(props[`${PREFIX}groups`]).filter(name => name !== 'default')
  const base = group(props, 'default', undefined)
  return [...names.map(name => group(props, name, base)), base]
}

const group = (props: Props, name: string, base: Group | undefined): Group => {
  const prefix = `${PREFIX}${name}.`
  const patterns = (key: string) => list(props[prefix + key]).map(source => topicPattern(prefix + key, source))
  const configs = Object.entries(props)
    .filter(([key]) => key.startsWith(prefix) && !OWN.includes(key.slice(prefix.length)))
    .map(([key, value]) => [key.slice(prefix.length), value ?? ''])
  return {
    name,
    include: base === undefined ? [] : patterns('include'),
    exclude: base === undefined ? [] : patterns('exclude'),
    partitions: count(props, `${prefix}partitions`, base?.partitions),
    replicationFactor: count(props, `${prefix}replication.factor`, base?.replicationFactor),
    configs: Object.fromEntries(configs),
  }
}

const list = (text: string | undefined): readonly string[] =>
  (text ?? '')
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')

const count = (props: Props, key: string, fallback: number | undefined): number => {
  const text = props[key]?.trim()
  if (text === undefined || text === '') {
    if (fallback !== undefined) return fallback
    throw new ConfigError(`Missing required configuration "${key}" which has no default value.`, { key })
  }
  const value = Number(text)
  if (Number.isInteger(value) && (value >= 1 || value === -1)) return value
  throw new ConfigError(
    `Invalid value ${text} for configuration ${key}: Value must be at least 1, or -1 for the broker's default`,
    {
      key,
    },
  )
}

const matches = (topic: string, { name, include, exclude }: Group): boolean =>
  name === 'default' || (!exclude.some(pattern => pattern.test(topic)) && include.some(pattern => pattern.test(topic)))

/** The topic as the first group that matches wants it. */
export const newTopic = (topic: string, groups: readonly Group[]): NewTopic => {
  const { partitions, replicationFactor, configs } = groups.find(each => matches(topic, each))!
  return { name: topic, partitions, replicationFactor, configs }
}

/** Makes sure that topics exist before the first record goes there; asks the broker once for each. */
export class TopicCreation {
  readonly #groups: readonly Group[]
  readonly #admin: Pick<Admin, 'describeTopics' | 'createTopics'>
  readonly #log: Log
  readonly #known = new Set<string>()

  constructor(groups: readonly Group[], admin: Pick<Admin, 'describeTopics' | 'createTopics'>, log: Log) {
    this.#groups = groups
    this.#admin = admin
    this.#log = log
  }

  /** Throws ConnectError, in Kafka Connect's words, when a topic cannot be made. */
  async ensure(topics: Iterable<string>): Promise<void> {
    const unknown = Array.from(topics).filter(topic => !this.#known.has(topic))
    if (unknown.length === 0) return
    const existing = new Set((await this.#admin.describeTopics(unknown)).map(({ name }) => name))
    for (const name of unknown) {
      if (!existing.has(name)) await this.#create(newTopic(name, this.#groups))
      this.#known.add(name)
    }
  }

  async #create(topic: NewTopic): Promise<void> {
    const { name, partitions, replicationFactor, configs } = topic
    try {
      // False: another task was faster, which is as good.
      const created = (await this.#admin.createTopics([topic])).get(name)
      if (created === true) this.#log.info(`Created topic ${name}`, { partitions, replicationFactor, configs })
    } catch (error) {
      throw new ConnectError(
        `Task failed to create new topic (name=${name}, numPartitions=${partitions}, replicationFactor=${replicationFactor}, ` +
          `configs=${JSON.stringify(configs)}). Ensure that the task is authorized to create topics or that the topic exists and restart the task`,
        { cause: error },
      )
    }
  }
}
