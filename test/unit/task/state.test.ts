import { describe, expect, it } from 'vitest'
import {
  nextTaskState,
  reportedState,
  type TaskEvent,
  type TaskState,
  taskEvents,
  taskStates,
} from '../../../runtime/task/state.ts'

const stateAfter = (...events: TaskEvent[]): TaskState => events.reduce<TaskState>(nextTaskState, 'opening')

describe('task state', () => {
  it('runs, pauses, resumes, stops', () => {
    expect(stateAfter('opened')).toBe('running')
    expect(stateAfter('opened', 'pause')).toBe('paused')
    expect(stateAfter('opened', 'pause', 'resume')).toBe('running')
    expect(stateAfter('opened', 'stop', 'ended')).toBe('stopped')
  })

  it('remembers a pause that came while it opened', () => {
    expect(stateAfter('pause', 'opened')).toBe('paused')
    expect(stateAfter('pause', 'resume', 'opened')).toBe('running')
  })

  it('stays failed whatever comes', () => {
    for (const event of taskEvents) expect(nextTaskState('failed', event)).toBe('failed')
  })

  it('never shows a task as running that is not', () => {
    for (const state of taskStates) {
      if (state !== 'running') expect(reportedState[state]).not.toBe('RUNNING')
    }
  })

  it('reaches its end from every state that was asked to stop', () => {
    for (const state of taskStates) {
      if (state === 'failed' || state === 'stopped') continue
      expect(nextTaskState(nextTaskState(state, 'stop'), 'ended')).toBe('stopped')
    }
  })

  it('refuses what cannot happen', () => {
    expect(() => nextTaskState('running', 'opened')).toThrow('A task that is running cannot have "opened" happen')
  })
})
