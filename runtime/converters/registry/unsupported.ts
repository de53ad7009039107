import { ConfigError } from '../../api/errors.ts'
import type { RegistryConfig } from './settings.ts'

const simpleName = (className: string): string => className.slice(className.lastIndexOf('.') + 1)

/** Refuses what other converters know and this one does not, where passing over it would write or read other data. Throws ConfigError. */
export const refuseUnsupported = (config: RegistryConfig): void => {
  const refuse = (key: string, remedy: string): never => {
    throw new ConfigError(`${key} is not supported: ${remedy}`, { key })
  }
  if ((config.useLatestWithMetadata?.trim() ?? '') !== '')
    refuse('use.latest.with.metadata', 'use use.latest.version or use.schema.id')
  if ((config.useSchemaGuid?.trim() ?? '') !== '') refuse('use.schema.guid', 'use use.schema.id')
  const context = config.contextNameStrategy
  if (context !== undefined && simpleName(context) !== 'NullContextNameStrategy')
    refuse('context.name.strategy', 'only NullContextNameStrategy is')
  if ((config.ruleExecutors?.length ?? 0) > 0)
    refuse('rule.executors', 'values with rules can be neither written nor read here')
  for (const [key, writer] of [
    ['key.schema.id.serializer', config.keySchemaIdSerializer],
    ['value.schema.id.serializer', config.valueSchemaIdSerializer],
  ] as const)
    if (simpleName(writer) !== 'PrefixSchemaIdSerializer')
      refuse(`${key}=${writer}`, 'ids are written before payloads, by PrefixSchemaIdSerializer')
}

/** Whether ids of schemas are looked for in headers. Throws ConfigError for a class that is not known. */
export const readsHeaders = (className: string, key: string): boolean => {
  const simple = simpleName(className)
  if (simple === 'DualSchemaIdDeserializer') return true
  if (simple === 'PrefixSchemaIdDeserializer') return false
  throw new ConfigError(
    `Invalid value ${className} for configuration ${key}: it is neither DualSchemaIdDeserializer nor PrefixSchemaIdDeserializer`,
    { key },
  )
}
