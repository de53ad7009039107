import { expect, test } from 'vitest'
import { actionOf } from '../../../../../connectors/postgres/signals/signal.ts'

const action = (type: string, data: unknown = {}, id = 's1') =>
  actionOf({ id, type, data: typeof data === 'string' ? data : JSON.stringify(data) })

test('a snapshot of tables', () => {
  const asked = action('execute-snapshot', {
    type: 'incremental',
    'data-collections': [' public.a ', 'public\\.b.*'],
    'additional-conditions': [{ 'data-collection': 'PUBLIC.A', filter: 'x > 1' }],
    'surrogate-key': ' seq ',
  })
  expect(asked).toMatchObject({
    do: 'incremental',
    request: { id: 's1', collections: ['public.a', 'public\\.b.*'], surrogateKey: 'seq' },
  })
  if (asked.do !== 'incremental') throw new Error(asked.do)
  expect(asked.request.conditions[0]!.collection.test('public.a')).toBe(true)
  expect(action('execute-snapshot', { 'data-collections': ['a.b'] })).toMatchObject({ do: 'incremental' })
  expect(action('execute-snapshot', { type: 'BLOCKING', 'data-collections': ['a.b'] })).toMatchObject({
    do: 'blocking',
  })
})

test('stop, pause, resume, log', () => {
  expect(action('stop-snapshot', { 'data-collections': ['a.b'] })).toEqual({ do: 'stop', collections: ['a.b'] })
  expect(action('stop-snapshot', '')).toEqual({ do: 'stop', collections: undefined })
  expect(action('pause-snapshot', '')).toEqual({ do: 'pause' })
  expect(action('resume-snapshot', 'no json')).toEqual({ do: 'resume' })
  expect(action('log', { message: 'hello' })).toEqual({ do: 'log', message: 'hello' })
})

test('watermarks', () => {
  expect(action('snapshot-window-open', '', 'x-y-open')).toEqual({ do: 'open', chunk: 'x-y' })
  expect(action('snapshot-window-close', '', 'x-y-close')).toEqual({ do: 'close', chunk: 'x-y' })
})

test.each([
  ['execute-snapshot', {}, 'data-collections is missing'],
  ['execute-snapshot', { 'data-collections': [] }, 'data-collections is missing'],
  ['execute-snapshot', { 'data-collections': [1] }, 'no list of texts'],
  ['execute-snapshot', { 'data-collections': ['a('] }, 'data-collections: a('],
  ['execute-snapshot', { 'data-collections': ['a'], type: 'WHOLE' }, 'WHOLE is neither'],
  ['execute-snapshot', { 'data-collections': ['a'], 'additional-conditions': [{ filter: 'x' }] }, 'must be texts'],
  ['execute-snapshot', '{', 'cannot be read'],
  ['execute-snapshot', '[]', 'no JSON object'],
  ['stop-snapshot', { type: 'BLOCKING' }, 'only an incremental snapshot'],
  ['log', {}, 'message is missing'],
  ['unknown-type', {}, 'unknown-type is not known'],
])('%s %j is left out: %s', (type, data, why) => {
  const found = action(type, data)
  expect(found.do).toBe('nothing')
  expect(found).toMatchObject({ why: expect.stringContaining(why) })
})
