import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { partitionForKey } from '../../../runtime/kafka/partitioner.ts'
import { ConfigLog } from '../../../runtime/stores/config-log.ts'
import { readConfigRecord, type TextRecord, writeConfigRecord } from '../../../runtime/stores/config-records.ts'
import { offsetEntries, parseOffset } from '../../../runtime/stores/offset-entries.ts'
import {
  readStatus,
  readStatusKey,
  writeStatus,
  writeStatusKey,
  writeTopicUse,
} from '../../../runtime/stores/status-records.ts'

interface Stored {
  readonly steps: readonly {
    readonly step: string
    readonly records: readonly { readonly partition: number; readonly key: string; readonly value: string | null }[]
  }[]
}

const golden = (name: string): Stored => {
  const text = readFileSync(new URL(`../../golden/stored/${name}.json`, import.meta.url), 'utf8')
  return JSON.parse(
    text
      .replaceAll('\\"<timestamp>\\"', '1700000000000')
      .replaceAll('<base64 of 32 bytes>', Buffer.alloc(32, 7).toString('base64')),
  ) as Stored
}
const recordsOf = ({ steps }: Stored) => steps.flatMap(({ records }) => records)

describe('records of Kafka Connect 4.3', () => {
  test('every record of the config topic is read, and written again byte for byte', () => {
    const records = recordsOf(golden('configs'))
    expect(records.length).toBeGreaterThan(50)
    for (const { key, value } of records) {
      const read = readConfigRecord(key, value)
      expect(read, key).toBeDefined()
      expect(writeConfigRecord(read!)).toEqual([key, value])
    }
  })

  test('every record of the offset topic is read, and written again byte for byte', () => {
    const records = recordsOf(golden('offsets'))
    expect(records.length).toBeGreaterThan(5)
    for (const { key, value } of records) {
      const [connector, partition] = JSON.parse(key) as [string, Record<string, string>]
      const offset = value === null ? null : parseOffset(value)
      expect(offsetEntries(connector, [{ partition, offset }])).toEqual([[key, value]])
    }
  })

  test('every record of the status topic is read, and written again byte for byte', () => {
    const records = recordsOf(golden('status'))
    expect(records.length).toBeGreaterThan(80)
    for (const { key, value } of records) {
      const about = readStatusKey(key)
      expect(about, key).toBeDefined()
      expect(writeStatusKey(about!)).toBe(key)
      if (value === null) continue
      const { topic } = JSON.parse(value) as { topic?: { name: string; task: number; discoverTimestamp: number } }
      if (about!.kind === 'topic')
        expect(writeTopicUse(about!.connector, topic!.task, about!.topic, topic!.discoverTimestamp)).toBe(value)
      else expect(writeStatus(readStatus(value))).toBe(value)
    }
  })

  test.each(['configs', 'offsets', 'status'])('%s: keys lie in the same partitions', name => {
    const count = name === 'configs' ? 1 : 5
    for (const { key, partition } of recordsOf(golden(name))) {
      const bytes = Buffer.from(key)
      expect(partitionForKey(bytes, 0, bytes.length, count), key).toBe(partition)
    }
  })

  test('the config topic is what its workers took it for, step by step', () => {
    const log = new ConfigLog()
    const seen = golden('configs').steps.map(({ step, records }) => {
      for (const { key, value } of records) log.apply(readConfigRecord(key, value)!)
      const [source, sink] = [log.get('st-src'), log.get('st-snk')]
      return [
        step,
        source && `${source.targetState} ${source.tasks.length}`,
        sink && `${sink.targetState} ${sink.tasks.length}`,
      ]
    })
    const at = (step: string) => seen.find(([name]) => name === step)!.slice(1)
    expect(at('create source')).toEqual(['STARTED 1', undefined])
    expect(at('create sink, two tasks')).toEqual(['STARTED 1', 'STARTED 2'])
    expect(at('pause source')).toEqual(['PAUSED 1', 'STARTED 2'])
    expect(at('stop source')).toEqual(['STOPPED 0', 'STARTED 2'])
    expect(at('resume stopped source')).toEqual(['STARTED 1', 'STARTED 2'])
    expect(at('raise sink to three tasks')).toEqual(['STARTED 1', 'STARTED 3'])
    expect(at('stop sink')).toEqual(['STARTED 1', 'STOPPED 0'])
    expect(log.names()).toEqual([])
    expect(log.sessionKey).toMatchObject({ algorithm: 'HmacSHA256', createdMs: 1700000000000 })
  })
})

describe('a log of config records', () => {
  const play = (...records: readonly TextRecord[]): ConfigLog => {
    const log = new ConfigLog()
    for (const [key, value] of records) log.apply(readConfigRecord(key, value)!)
    return log
  }
  const connector = (name: string, v = '1'): TextRecord => [`connector-${name}`, `{"properties":{"v":"${v}"}}`]
  const task = (name: string, n: number): TextRecord => [`task-${name}-${n}`, `{"properties":{"n":"${n}"}}`]
  const commit = (name: string, n: number): TextRecord => [`commit-${name}`, `{"tasks":${n}}`]

  test('tasks count when they are committed', () => {
    expect(play(connector('a'), task('a', 0)).get('a')?.tasks).toEqual([])
    expect(play(connector('a'), task('a', 0), commit('a', 1)).get('a')?.tasks).toEqual([{ n: '0' }])
  })

  test('a commit whose tasks compaction has eaten leaves none, until a whole set comes', () => {
    const log = play(connector('a'), task('a', 1), commit('a', 2))
    expect(log.isInconsistent('a')).toBe(true)
    expect(log.get('a')?.tasks).toEqual([])
    for (const [key, value] of [task('a', 0), commit('a', 1)]) log.apply(readConfigRecord(key, value)!)
    expect(log.isInconsistent('a')).toBe(false)
    expect(log.get('a')?.tasks).toHaveLength(1)
  })

  test('tasks of a connector that is gone are dropped, also when one of its name comes again', () => {
    const log = play(task('a', 0), commit('a', 1), connector('a'), ['target-state-a', null])
    expect(log.get('a')).toEqual({ props: { v: '1' }, targetState: 'STARTED', tasks: [] })
    expect(play(connector('a'), task('a', 0), ['connector-a', null], connector('a')).get('a')?.tasks).toEqual([])
  })

  test('a target state before its connector counts; its tombstone alone means STARTED', () => {
    const paused: TextRecord = ['target-state-a', '{"state":"PAUSED","state.v2":"STOPPED"}']
    expect(play(paused, connector('a')).get('a')?.targetState).toBe('STOPPED')
    expect(play(connector('a'), paused, ['target-state-a', null]).get('a')?.targetState).toBe('STARTED')
  })

  test('a state of the first version, or an unknown second one, is read', () => {
    expect(readConfigRecord('target-state-a', '{"state":"PAUSED"}')).toMatchObject({ state: 'PAUSED' })
    expect(readConfigRecord('target-state-a', '{"state":"PAUSED","state.v2":"NEW"}')).toMatchObject({ state: 'PAUSED' })
  })

  test('knows the settings that the tasks were made of, and counts the commits', () => {
    const log = play(connector('a', '1'), task('a', 0), commit('a', 1), connector('a', '2'))
    expect(log.appliedProps('a')).toEqual({ v: '1' })
    expect(log.generation('a')).toBe(1)
  })

  test('names with dashes, digits and prefixes of other keys stay whole', () => {
    expect(readConfigRecord('task-a-1-22', '{"properties":{}}')).toMatchObject({ connector: 'a-1', task: 22 })
    expect(readConfigRecord('connector-connector-a', null)).toMatchObject({ connector: 'connector-a' })
    expect(readStatusKey('status-task-x-1-2')).toEqual({ kind: 'task', connector: 'x-1', task: 2 })
    expect(readStatusKey('status-topic-t.1:connector-a:connector-b')).toEqual({
      kind: 'topic',
      topic: 't.1',
      connector: 'a:connector-b',
    })
  })

  test.each([
    ['task-a-0', null],
    ['commit-a', '{"tasks":"two"}'],
    ['commit-a', '{"tasks":-1}'],
    ['commit-a', '[]'],
    ['connector-a', '{"properties":{"x":1}}'],
    ['connector-a', '{'],
    ['target-state-a', '{"state":"ASLEEP"}'],
    ['session-key', '{"key":"AA==","algorithm":"HmacSHA256"}'],
    ['restart-connector-a', '{"include-tasks":1,"only-failed":false}'],
    ['logger-cluster-a', '{}'],
  ])('refuses %s: %s', (key, value) => {
    expect(() => readConfigRecord(key, value)).toThrow()
  })

  test('keys of others mean nothing', () => {
    for (const key of ['', 'task-a', 'task-a-x', 'connector-', 'else'])
      expect(readConfigRecord(key, '{}')).toBeUndefined()
  })
})
