import { s } from 'millrace'
import { describe, expect, it } from 'vitest'
import { type NextRecord, Rotation, type RotationSettings } from '../../../../connectors/s3/rotation.ts'

const settings: RotationSettings = {
  flushSize: 100,
  intervalMs: 0,
  onPlaceChange: true,
  onSchemaChange: true,
  maxOpenFiles: 0,
}
const record = (more: Partial<NextRecord> = {}): NextRecord => ({
  timestamp: 0,
  place: 'a',
  schema: null,
  open: true,
  stored: false,
  ...more,
})
const started = (more: Partial<RotationSettings>, first: Partial<NextRecord> = {}) => {
  const rotation = new Rotation({ ...settings, ...more })
  rotation.after(record({ open: false, ...first }), 0, 0)
  return rotation
}

describe('files are closed', () => {
  it('with the record that fills flush.size, over all open files', () => {
    const rotation = new Rotation({ ...settings, flushSize: 3 })
    expect(rotation.after(record({ open: false }), 0, 0)).toBeUndefined()
    expect(rotation.after(record({ open: false, place: 'b' }), 0, 0)).toBeUndefined()
    expect(rotation.after(record({ place: 'b' }), 0, 0)).toBe('size')
    rotation.rotated()
    expect(rotation.after(record({ open: false }), 0, 0)).toBeUndefined()
  })

  it('before the record whose time is the interval after the first one', () => {
    const rotation = started({ intervalMs: 1000 }, { timestamp: 5000 })
    expect(rotation.before(record({ timestamp: 5999 }), 1e12)).toBeUndefined()
    expect(rotation.before(record({ timestamp: 6000 }), 0)).toBe('interval')
    // Older than the first one, or without a time: no reason.
    expect(rotation.before(record({ timestamp: 1 }), 0)).toBeUndefined()
    expect(rotation.before(record({ timestamp: undefined }), 0)).toBeUndefined()
  })

  it('before a record of another place, only with the interval and only when told', () => {
    const elsewhere = record({ place: 'b', open: false })
    expect(started({ intervalMs: 1000 }).before(elsewhere, 0)).toBe('place-changed')
    expect(started({ intervalMs: 1000, onPlaceChange: false }).before(elsewhere, 0)).toBeUndefined()
    expect(started({}).before(elsewhere, 0)).toBeUndefined()
  })

  it('by the schedule, with or without a record', () => {
    const rotation = started({ nextSchedule: now => now + 50 })
    expect(rotation.due).toBe(50)
    expect(rotation.before(record(), 49)).toBeUndefined()
    expect(rotation.before(record(), 50)).toBe('schedule')
    expect(rotation.idle(49)).toBeUndefined()
    expect(rotation.idle(50)).toBe('schedule')
    rotation.rotated()
    expect(rotation.idle(1000)).toBeUndefined()
    expect(rotation.due).toBe(Number.POSITIVE_INFINITY)
  })

  it('never by record time while nothing comes', () => {
    expect(started({ intervalMs: 1 }).idle(1e15)).toBeUndefined()
  })

  it('before another schema, when told', () => {
    const other = record({ schema: s.string() })
    expect(started({}).before(other, 0)).toBe('schema')
    expect(started({ onSchemaChange: false }).before(other, 0)).toBeUndefined()
  })

  it('before one file too many is opened', () => {
    const rotation = started({ maxOpenFiles: 1 })
    expect(rotation.before(record(), 0)).toBeUndefined()
    expect(rotation.before(record({ open: false }), 0)).toBe('open-files')
  })

  it('before S3 runs out of part numbers', () => {
    expect(started({}).after(record(), 0, 9_990)).toBe('parts')
  })

  it('before a record that begins an object of an earlier life, whatever else holds', () => {
    const rotation = started({ intervalMs: 1, maxOpenFiles: 1, nextSchedule: () => 0 })
    const all = record({ stored: true, timestamp: 99, place: 'b', schema: s.string(), open: false })
    expect(rotation.before(all, 1e12)).toBe('stored-name')
    expect(rotation.before({ ...all, stored: false }, 1e12)).toBe('interval')
    expect(rotation.before({ ...all, stored: false, timestamp: 0 }, 1e12)).toBe('place-changed')
    expect(rotation.before({ ...all, stored: false, timestamp: 0, place: 'a' }, 1e12)).toBe('schedule')
    expect(rotation.before({ ...all, stored: false, timestamp: 0, place: 'a' }, -1)).toBe('schema')
  })

  it('not before the first record', () => {
    const rotation = new Rotation({ ...settings, intervalMs: 1, nextSchedule: () => 0 })
    expect(rotation.before(record({ stored: true, timestamp: 1e15, place: 'z' }), 1e15)).toBeUndefined()
  })
})
