import type { ConfigField } from '../api/config.ts'
import { nearest } from '../base/nearest.ts'
import { didYouMean } from '../plugins/names.ts'
import type { ConnectorProps } from '../stores/ports.ts'
import type { ConnectorDefinition } from '../worker/plugin-access.ts'
import type { ConfigInfos, ConfigWarning } from './entities.ts'

// What Kafka's clients, converters and topic creation make of their settings is theirs to say.
const handedOn = /^(?:(?:producer|consumer|admin)\.override|(?:key|value|header)\.converter|topic\.creation)\./

/** Settings that nothing will read. They are allowed, as in Kafka Connect, but one is probably a slip. */
export const strays = (
  props: ConnectorProps,
  { config, otherKeys }: ConnectorDefinition,
  { configs }: ConfigInfos,
): readonly ConfigWarning[] => {
  const known = new Set(configs.map(({ value }) => value.name))
  for (const field of Object.values(config)) for (const alias of field.options.aliases ?? []) known.add(alias)
  return Object.keys(props).flatMap(name => {
    if (known.has(name) || handedOn.test(name) || otherKeys?.test(name) === true) return []
    const meant = nearest(name, known)
    const message = `The setting ${name} means nothing to this connector`
    return [{ name, message, ...(meant !== undefined && { hint: `Did you mean ${meant}?` }) }]
  })
}

/** What was probably meant by a value that is none of the allowed ones, or else of the `recommended`. */
export const valueHint = (
  field: ConfigField<unknown> | undefined,
  given: string | null | undefined,
  recommended: readonly string[] = [],
): string | undefined => {
  if (field === undefined || given === undefined || given === null) return undefined
  const values = field.options.values ?? recommended
  const spelled = new Map(values.map(value => [value.toLowerCase(), value]))
  for (const one of field.type === 'LIST' ? given.split(',') : [given]) {
    const part = one.trim()
    if (values.includes(part)) continue
    const low = part.toLowerCase()
    const meant =
      field.type === 'CLASS'
        ? didYouMean(part, values)
        : (spelled.get(low) ?? spelled.get(nearest(low, spelled.keys()) ?? ''))
    if (meant !== undefined) return `Did you mean ${meant}?`
  }
  return undefined
}

/** The first unknown setting that looks like a known one: why a required one may be missing. */
export const slip = ({ warnings = [] }: ConfigInfos): string | undefined => {
  const found = warnings.find(({ hint }) => hint !== undefined)
  return found === undefined ? undefined : `${found.message}. ${found.hint}`
}

/** What helps where no connector class is named: the setting that looks like it, or where the classes are listed. */
export const classMissing = (props: ConnectorProps) => {
  const configKey = 'connector.class'
  const meant = Object.keys(props).find(name => nearest(name, [configKey]) !== undefined)
  const hint =
    meant === undefined
      ? `Name a class in ${configKey}: GET /connector-plugins lists them`
      : `The setting ${meant} means nothing. Did you mean ${configKey}?`
  return { configKey, hint }
}
