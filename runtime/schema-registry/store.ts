/** One record of the log; a null value takes the key's record away. */
export interface StoredRecord {
  readonly key: string
  readonly value: string | null
}

/** Where a registry keeps its records: a log that all registries on it read in the same order. */
export interface RegistryStore {
  /** Resolves when what is stored has been passed to `onRecord`, which is then called for all that follows. */
  start(onRecord: (record: StoredRecord) => void): Promise<void>
  /** Resolves when all that was in the log at the call has been passed on. */
  sync(): Promise<void>
  /** Resolves when the records are durable and have been passed on. */
  append(records: readonly StoredRecord[]): Promise<void>
  stop(): Promise<void>
}

/** Gone with the process. */
export const memoryStore = (): RegistryStore => {
  const records: StoredRecord[] = []
  const readers = new Set<(record: StoredRecord) => void>()
  let reader: ((record: StoredRecord) => void) | undefined
  return {
    async start(onRecord) {
      reader = onRecord
      readers.add(onRecord)
      for (const record of records) onRecord(record)
    },
    async sync() {},
    async append(added) {
      records.push(...added)
      for (const read of readers) for (const record of added) read(record)
    },
    async stop() {
      if (reader !== undefined) readers.delete(reader)
    },
  }
}
