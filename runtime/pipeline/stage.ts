/** Where in a record's way an error happened; the names go into dead letter headers and log lines. */
export type Stage =
  | 'TASK_POLL'
  | 'TASK_PUT'
  | 'TRANSFORMATION'
  | 'KEY_CONVERTER'
  | 'VALUE_CONVERTER'
  | 'HEADER_CONVERTER'
  | 'KAFKA_PRODUCE'
  | 'KAFKA_CONSUME'

/** The record that failed, as far as messages and the dead letter queue need it. */
export interface FailedRecord {
  /** For the log, when `errors.log.include.messages` allows it: `, where consumed record is {...}`. */
  describe(): string
  /** The bytes as they were consumed; undefined for a source record, which has none yet. */
  readonly consumed?: ConsumedRecord
}

export interface ConsumedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly timestampType: 'CREATE_TIME' | 'LOG_APPEND_TIME'
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly { readonly key: string; readonly value: Uint8Array | null }[]
}
