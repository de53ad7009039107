import { readFile } from 'node:fs/promises'
import { ConfigError } from '../api/errors.ts'
import { parseProperties } from './properties.ts'

/** A connector as submitted: over REST or from a file on the command line. */
export interface ConnectorRequest {
  readonly name: string
  readonly config: Readonly<Record<string, string>>
  readonly initialState?: string
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const allText = (value: Record<string, unknown>): value is Record<string, string> =>
  Object.values(value).every(one => typeof one === 'string')

const named = (config: Readonly<Record<string, string>>, place: string): ConnectorRequest => {
  const { name } = config
  if (name === undefined || name.trim() === '') {
    throw new ConfigError(`${place} has no "name": a connector in a file needs one`, { key: 'name' })
  }
  return { name: name.trim(), config }
}

/** A connector file's text: a JSON object of settings, `{name, config, initial_state}`, or properties. */
export const parseConnectorFile = (text: string, place: string): ConnectorRequest => {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    // No property is called `{`: this was meant to be JSON.
    if (/^\s*[{[]/.test(text))
      throw new ConfigError(`${place} is no valid JSON: ${(cause as Error).message}`, { cause })
    // Not JSON: properties, as Kafka Connect reads it.
    return named(parseProperties(text), place)
  }
  if (!isRecord(json))
    throw new ConfigError(
      `${place} holds JSON that is no object: give a connector's settings, or {"name": ..., "config": {...}}`,
    )
  if (allText(json)) return named(json, place)
  const { name, config, initial_state: initialState } = json
  if (typeof name !== 'string' || !isRecord(config))
    throw new ConfigError(`${place} is neither an object of texts nor {"name": ..., "config": {...}}`)
  if (!allText(config))
    throw new ConfigError(
      `${place}: every setting must be a text in quotes; ${Object.keys(config).find(key => typeof config[key] !== 'string')} is not`,
    )
  if (config['name'] !== undefined && config['name'] !== name)
    throw new ConfigError(`${place}: the name ${name} and the setting name=${config['name']} differ`, { key: 'name' })
  return { name, config: { ...config, name }, ...(typeof initialState === 'string' && { initialState }) }
}

export const readConnectorFile = async (file: string): Promise<ConnectorRequest> =>
  parseConnectorFile(
    await readFile(file, 'utf8').catch((cause: Error) => {
      throw new ConfigError(`Cannot read the connector file ${file}: ${cause.message}`, { cause })
    }),
    file,
  )
