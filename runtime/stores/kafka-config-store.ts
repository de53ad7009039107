import { CodedError } from '../base/errors.ts'
import { ConfigLog } from './config-log.ts'
import { type ConfigRecord, readConfigRecord, writeConfigRecord } from './config-records.ts'
import type { KafkaStoreParts } from './kafka-store-parts.ts'
import { LeaderWriter } from './leader-writer.ts'
import type { ClusterConfigStore, ConfigChange } from './ports.ts'
import { TextTopic } from './text-topic.ts'

/** Configs in a compacted topic of one partition, as Kafka Connect's distributed workers keep them. */
export const kafkaConfigStore = (parts: KafkaStoreParts): ClusterConfigStore => {
  const { log, topic } = parts
  const listeners: ((change: ConfigChange) => void)[] = []
  let state = new ConfigLog()
  let offset = 0
  let followed = false
  const records = new TextTopic(parts, (key, value, record) => {
    offset = record.offset + 1
    let read: ConfigRecord | undefined
    try {
      read = readConfigRecord(key, value)
    } catch (error) {
      log.error('A record of the config topic cannot be read, it is skipped', {
        topic: topic.name,
        key,
        offset: record.offset,
        reason: (error as Error).message,
      })
      return
    }
    const change = read === undefined ? undefined : state.apply(read)
    // What was asked for before we started is done, or was never done by us: restarts, log levels.
    if (change !== undefined && followed) for (const listener of listeners) listener(change)
  })
  const { leaderProducer } = parts
  const leader = leaderProducer && new LeaderWriter({ topic: topic.name, producer: leaderProducer, log })
  /** Resolves when it is stored and read back: `get` says so. */
  const write = async (...written: readonly ConfigRecord[]): Promise<void> => {
    await (leader ?? records).append(written.map(writeConfigRecord))
    await records.readToEnd()
  }
  /** What any worker may write. */
  const writeAsAny = async (written: ConfigRecord): Promise<void> => {
    await records.append([writeConfigRecord(written)])
    await records.readToEnd()
  }
  return {
    get offset() {
      return offset
    },
    get sessionKey() {
      return state.sessionKey
    },
    async start() {
      state = new ConfigLog()
      offset = 0
      await records.start()
      followed = true
    },
    async stop() {
      followed = false
      await leader?.release()
      await records.stop()
    },
    readToEnd: () => records.readToEnd(),
    onChange: listener => void listeners.push(listener),
    connectors: () => state.names(),
    get: connector => state.get(connector),
    appliedProps: connector => state.appliedProps(connector),
    async putConnector(connector, props, target) {
      const put: ConfigRecord = { kind: 'connector', connector, props }
      // The target state first: nobody may see the connector without it.
      if (target === undefined) await write(put)
      else await write({ kind: 'target', connector, state: target }, put)
    },
    async removeConnector(connector) {
      if (state.get(connector) === undefined) return
      await write({ kind: 'connector', connector, props: null }, { kind: 'target', connector, state: null })
    },
    async putTasks(connector, tasks) {
      if (state.get(connector) === undefined) return
      await write(...tasks.map((props, task): ConfigRecord => ({ kind: 'task', connector, task, props })), {
        kind: 'commit',
        connector,
        tasks: tasks.length,
      })
    },
    async putTargetState(connector, target) {
      if (state.get(connector) !== undefined) await writeAsAny({ kind: 'target', connector, state: target })
    },
    generation: connector => state.generation(connector),
    fencedTasks: connector => state.fencedTasks(connector),
    needsFencing: connector => state.needsFencing(connector),
    async putFencing(connector, tasks, generation) {
      const check = async () => {
        await records.readToEnd()
        if (state.generation(connector) !== generation) throw new CodedError('FENCING_OUTDATED')
      }
      const record = writeConfigRecord({ kind: 'fencing', connector, tasks })
      if (leader === undefined) {
        await check()
        await records.append([record])
      } else await leader.append([record], check)
      await records.readToEnd()
    },
    lead(leads) {
      if (leads) leader?.claim()
      else void leader?.release()
    },
    putSessionKey: key => write({ kind: 'session-key', key }),
    putRestart: (connector, flags) => write({ kind: 'restart', connector, ...flags }),
    putLogLevel: (logger, level) => writeAsAny({ kind: 'logger', logger, level }),
  }
}
