import { expect, test } from 'vitest'
import { parseConnectorFile } from '../../../runtime/config/connector-files.ts'

test('a JSON object of settings', () => {
  expect(parseConnectorFile('{"name": "a", "topic": "t"}', 'f')).toEqual({
    name: 'a',
    config: { name: 'a', topic: 't' },
  })
})

test('what would be posted, with an initial state; other members are ignored', () => {
  expect(
    parseConnectorFile('{"name": "a", "config": {"topic": "t"}, "initial_state": "PAUSED", "tasks": []}', 'f'),
  ).toEqual({ name: 'a', config: { name: 'a', topic: 't' }, initialState: 'PAUSED' })
})

test('properties', () => {
  expect(parseConnectorFile('# a connector\nname=a\ntopic = t\n', 'f')).toEqual({
    name: 'a',
    config: { name: 'a', topic: 't' },
  })
})

test.each([
  ['topic=t', /f has no "name"/],
  ['{"topic": "t"}', /f has no "name"/],
  ['{"name": "a", "config": {"topic": "t"}', /f is no valid JSON: .*position 38/],
  ['["a"]', /f holds JSON that is no object/],
  ['{"name": "a", "config": {"tasks.max": 1}}', /f: every setting must be a text in quotes; tasks.max is not/],
  ['{"name": "a", "config": {"name": "b"}}', /name a and the setting name=b differ/],
  ['{"name": "a", "config": null}', /f is neither/],
])('%s is refused: the place is named', (text, message) => {
  expect(() => parseConnectorFile(text, 'f')).toThrow(message)
})
