import { describe, expect, it } from 'vitest'
import { Activity, briefly } from '../../../runtime/task/activity.ts'

describe('Activity', () => {
  it('says what takes long, what is tried again and what the plugin says', () => {
    const clock = { time: 0, now: () => 0, monotonic: () => clock.time }
    const activity = new Activity(clock)
    expect(activity.describe()).toBeUndefined()
    activity.begin('write')
    clock.time = 9_000
    expect(activity.describe()).toBeUndefined()
    clock.time = 65_000
    expect(activity.describe()).toBe('write has taken 65 s')
    activity.note = 'attempt 3'
    activity.told = 'snapshot: 3 of 7 tables'
    expect(activity.describe()).toBe('write has taken 65 s; attempt 3; snapshot: 3 of 7 tables')
    activity.end()
    activity.note = undefined
    expect(activity.describe()).toBe('snapshot: 3 of 7 tables')
  })

  it('keeps an error to a line', () => {
    expect(briefly(new Error('first\nsecond'))).toBe('first')
    expect(briefly('x'.repeat(300))).toHaveLength(203)
  })
})
