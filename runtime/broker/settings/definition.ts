import { KafkaProtocolError } from '../../protocol/error-codes.ts'

export type SettingType = 'boolean' | 'int' | 'long' | 'double' | 'string' | 'list'

/** One setting of a topic or of the broker; values are text, as in Kafka's property files. */
export interface Definition {
  readonly type: SettingType
  /** null: not set. */
  readonly default: string | null
  readonly doc: string
  readonly min?: number
  readonly max?: number
  readonly oneOf?: readonly string[]
  /** Of a topic setting: the broker setting that changes its default. */
  readonly brokerName?: string
}

export type Definitions = Readonly<Record<string, Definition>>

const INT_MAX = 2_147_483_647

/** Throws KafkaProtocolError INVALID_CONFIG that names setting, value and what would do (invariant 9). */
export function checkSetting(name: string, definition: Definition, value: string): void {
  const refuse = (wanted: string): never => {
    throw new KafkaProtocolError('INVALID_CONFIG', { detail: `${name}=${value}: ${wanted}` })
  }
  const { type, min, max, oneOf } = definition
  if (type === 'boolean') {
    if (!/^(true|false)$/i.test(value.trim())) refuse('true or false is wanted')
  } else if (type === 'list' || type === 'string') {
    if (oneOf === undefined) return
    const parts = type === 'list' ? splitList(value) : [value]
    for (const part of parts) if (!oneOf.includes(part)) refuse(`one of ${oneOf.join(', ')} is wanted`)
  } else {
    const whole = type !== 'double'
    if (!(whole ? /^[+-]?\d+$/ : /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i).test(value.trim())) {
      refuse(whole ? 'a whole number is wanted' : 'a number is wanted')
    }
    const number = Number(value)
    const lowest = min ?? Number.NEGATIVE_INFINITY
    const highest = Math.min(max ?? Number.POSITIVE_INFINITY, type === 'int' ? INT_MAX : 2 ** 63)
    if (number < lowest || number > highest) refuse(`a number from ${lowest} to ${highest} is wanted`)
  }
}

export const splitList = (value: string): string[] =>
  value
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')

/** Settings with their defaults, read by type. Values were checked before. */
export class SettingsView {
  readonly #definitions: Definitions
  readonly #values: Readonly<Record<string, string>>

  constructor(definitions: Definitions, values: Readonly<Record<string, string>>) {
    this.#definitions = definitions
    this.#values = values
  }

  text(name: string): string {
    const value = this.#values[name] ?? this.#definitions[name]?.default
    if (value === undefined || value === null) throw new Error(`setting ${name} has no value`)
    return value
  }

  /** A long at the end of its range stands for "no limit" in Kafka: it becomes infinity. */
  number(name: string): number {
    const number = Number(this.text(name))
    return number > Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : number
  }

  boolean(name: string): boolean {
    return this.text(name).trim().toLowerCase() === 'true'
  }

  list(name: string): string[] {
    return splitList(this.text(name))
  }
}
