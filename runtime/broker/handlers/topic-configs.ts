import type { BrokerSettings } from '../settings/broker-settings.ts'
import type { Definition, SettingType } from '../settings/definition.ts'
import { topicDefault, topicDefinitions } from '../settings/topic-settings.ts'

/** Where a value comes from, in Kafka's numbers. */
export const ConfigSource = { TOPIC: 1, STATIC_BROKER: 4, DEFAULT: 5 } as const

const types: Record<SettingType, number> = { boolean: 1, string: 2, int: 3, long: 5, double: 6, list: 7 }

export const configTypeOf = ({ type }: Definition): number => types[type]

export interface DescribedConfig {
  readonly name: string
  readonly value: string | null
  readonly readOnly: boolean
  readonly configSource: number
  readonly isSensitive: boolean
}

/** All settings of a topic, `own` its own. */
export const describeTopicConfigs = (
  own: Readonly<Record<string, string>>,
  settings: BrokerSettings,
): DescribedConfig[] =>
  Object.keys(topicDefinitions).map(name => {
    const { value, fromBroker } = topicDefault(name, settings)
    const configSource =
      own[name] !== undefined ? ConfigSource.TOPIC : fromBroker ? ConfigSource.STATIC_BROKER : ConfigSource.DEFAULT
    return { name, value: own[name] ?? value, readOnly: false, configSource, isSensitive: false }
  })
