import { expect, test } from 'vitest'
import type { TransactionalProducer } from '../../../runtime/kafka/ports.ts'
import { LeaderWriter } from '../../../runtime/stores/leader-writer.ts'
import { recordingLog } from '../../support/fakes/log.ts'

/** Of each producer made: what was called, in order. */
const writerOf = (fails: { commit?: boolean; close?: boolean } = {}) => {
  const made: string[][] = []
  const producer = async () => {
    const calls: string[] = []
    made.push(calls)
    const batch = { add: (_time: number, key: Buffer) => void calls.push(`add ${key}`) }
    return {
      init: async () => void calls.push('init'),
      prepare: async () => {},
      open: () => batch,
      appended() {},
      commit: async () => {
        if (fails.commit) throw new Error('fenced')
        calls.push('commit')
      },
      close: async () => {
        calls.push('close')
        if (fails.close) throw new Error('no broker')
      },
    } as unknown as TransactionalProducer
  }
  const log = recordingLog()
  return { made, fails, log, writer: new LeaderWriter({ topic: 'configs', producer, log }) }
}

test('who does not lead any more takes the transactional id never again', async () => {
  const { writer, made } = writerOf()
  writer.claim()
  await writer.append([['a', '1']])
  await writer.release()
  await expect(writer.append([['b', '2']])).rejects.toMatchObject({ code: 'CONFIG_WRITE_FAILED' })
  expect(made).toEqual([['init', 'add a', 'commit', 'close']])
})

test('a leader whose write failed writes with a new producer', async () => {
  const { writer, made, fails } = writerOf({ commit: true })
  writer.claim()
  await expect(writer.append([['a', '1']])).rejects.toMatchObject({ code: 'CONFIG_WRITE_FAILED' })
  fails.commit = false
  await writer.append([['a', '1']])
  expect(made).toEqual([
    ['init', 'add a', 'close'],
    ['init', 'add a', 'commit'],
  ])
})

test('who leads again while the producer before is being closed writes with another', async () => {
  const { writer, made } = writerOf()
  writer.claim()
  await writer.append([['a', '1']])
  const released = writer.release()
  writer.claim()
  await released
  await writer.append([['b', '2']])
  expect(made).toEqual([
    ['init', 'add a', 'commit', 'close'],
    ['init', 'add b', 'commit'],
  ])
})

test('a write is checked when those before it are through; one refused holds up none', async () => {
  const { writer, made } = writerOf()
  writer.claim()
  const before = writer.append([['a', '1']])
  let seen: string[] = []
  const checked = writer.append([['b', '2']], async () => {
    seen = [...made[0]!]
    throw new Error('outdated')
  })
  const after = writer.append([['c', '3']])
  await expect(checked).rejects.toThrow('outdated')
  await Promise.all([before, after])
  expect(seen).toEqual(['init', 'add a', 'commit'])
  expect(made).toEqual([['init', 'add a', 'commit', 'add c', 'commit']])
})

test('a producer that cannot be closed is told, and ends nothing', async () => {
  const { writer, log } = writerOf({ close: true })
  writer.claim()
  await writer.append([['a', '1']])
  await writer.release()
  expect(JSON.stringify(log)).toContain('could not be closed')
})
