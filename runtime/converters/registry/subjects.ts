import { ConfigError, DataError } from '../../api/errors.ts'

/** The subject of a schema; `record`: its full name. Throws DataError where a name is needed and there is none. */
export type SubjectName = (topic: string, record: string | undefined) => string

const named = (record: string | undefined, strategy: string): string => {
  if (record !== undefined) return record
  throw new DataError(`${strategy} needs schemas with a name: give the schema one, or use TopicNameStrategy`)
}

/** By the class of a strategy; `key`: the setting. Throws ConfigError. */
export const subjectName = (strategy: string, isKey: boolean, key: string): SubjectName => {
  const simple = strategy.slice(strategy.lastIndexOf('.') + 1)
  switch (simple) {
    // Asks the registry first, where that knows associations; ours and others' fall back to the topic.
    case 'AssociatedNameStrategy':
    case 'TopicNameStrategy':
      return topic => `${topic}-${isKey ? 'key' : 'value'}`
    case 'RecordNameStrategy':
      return (_topic, record) => named(record, simple)
    case 'TopicRecordNameStrategy':
      return (topic, record) => `${topic}-${named(record, simple)}`
    default:
      throw new ConfigError(
        `Invalid value ${strategy} for configuration ${key}: it is none of TopicNameStrategy, RecordNameStrategy, TopicRecordNameStrategy`,
        { key },
      )
  }
}
