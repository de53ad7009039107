import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SinkPartitions } from '../../../runtime/task/sink-partitions.ts'

const at = (partition: number, offset: number) => ({ topic: 't', partition, offset })
const tp = (partition: number) => ({ topic: 't', partition })

describe('SinkPartitions', () => {
  it('starts where a partition was assigned, and commits nothing new there', () => {
    const partitions = new SinkPartitions()
    partitions.assign([at(0, 5), at(1, 0)])
    expect(partitions.upTo(partitions.all())).toEqual([at(0, 5), at(1, 0)])
    expect(partitions.allowed([at(0, 5)])).toEqual({ commit: [], refused: [] })
  })

  it('refuses what lies beyond, what is not assigned, and what is no offset', () => {
    const partitions = new SinkPartitions()
    partitions.assign([at(0, 0)])
    partitions.wrote(at(0, 3))
    expect(partitions.allowed([at(0, 4), at(1, 0), at(0, -1), at(0, Number.NaN)]).refused).toHaveLength(4)
    expect(partitions.allowed([at(0, 3)]).commit).toEqual([at(0, 3)])
    partitions.committed([at(0, 3)])
    expect(partitions.allowed([at(0, 3)]).commit).toEqual([])
    expect(partitions.uncommitted()).toBe(0)
  })

  it('rewinds to the last commit, and forgets what left', () => {
    const partitions = new SinkPartitions()
    partitions.assign([at(0, 0), at(1, 7)])
    partitions.wrote(at(0, 3))
    partitions.wrote(at(1, 9))
    partitions.committed([at(1, 8)])
    expect(partitions.uncommitted()).toBe(4)
    expect(partitions.rewind()).toEqual([at(0, 0), at(1, 8)])
    partitions.remove([tp(0)])
    partitions.wrote(at(0, 9))
    expect(partitions.all()).toEqual([tp(1)])
    expect(partitions.written(tp(0))).toBeUndefined()
    expect(partitions.upTo([tp(0), tp(1)])).toEqual([at(1, 8)])
  })

  it('keeps what the connector paused apart', () => {
    const partitions = new SinkPartitions()
    partitions.assign([at(0, 0), at(1, 0)])
    partitions.setPaused(tp(0), true)
    expect(partitions.flowing()).toEqual([tp(1)])
    expect(partitions.isPaused(tp(0))).toBe(true)
    partitions.assign([at(0, 0)])
    expect(partitions.isPaused(tp(0))).toBe(false)
  })

  it('never allows an offset beyond what was written, whatever happens', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('write' as const), by: fc.nat(5) }),
      fc.record({ do: fc.constant('commit' as const), to: fc.nat(60) }),
      fc.record({ do: fc.constant('rewind' as const) }),
      fc.record({ do: fc.constant('seek' as const), to: fc.nat(60) }),
    )
    fc.assert(
      fc.property(fc.array(step), steps => {
        const partitions = new SinkPartitions()
        partitions.assign([at(0, 0)])
        let written = 0
        let committed = 0
        for (const each of steps) {
          if (each.do === 'write') partitions.wrote(at(0, (written += each.by)))
          else if (each.do === 'rewind') written = partitions.rewind()[0]!.offset
          else if (each.do === 'seek') {
            partitions.seek(at(0, each.to))
            written = committed = each.to
          } else {
            const { commit } = partitions.allowed([at(0, each.to)])
            for (const { offset } of commit) {
              expect(offset).toBeLessThanOrEqual(written)
              committed = offset
            }
            partitions.committed(commit)
          }
          expect(partitions.written(tp(0))).toBe(written)
          expect(partitions.uncommitted()).toBe(Math.max(0, written - committed))
        }
      }),
    )
  })
})
