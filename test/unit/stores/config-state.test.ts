import { expect, test } from 'vitest'
import { ConfigState } from '../../../runtime/stores/config-state.ts'

test('what is loaded is as it was, and what is not there is not changed', () => {
  const state = new ConfigState()
  const stored = { props: { a: '1' }, targetState: 'PAUSED', tasks: [{ t: '0' }] } as const
  state.load('c', stored)
  expect(state.get('c')).toBe(stored)
  expect(state.putTasks('none', [])).toBeUndefined()
  expect(state.putTargetState('none', 'STOPPED')).toBeUndefined()
  expect(state.names()).toEqual(['c'])
})
