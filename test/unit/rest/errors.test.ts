import { expect, test } from 'vitest'
import { takesJson } from '../../../runtime/rest/errors.ts'

test.each([
  [undefined, true],
  ['', true],
  ['*/*', true],
  ['application/json', true],
  ['Application/JSON; charset=utf-8', true],
  ['application/*', true],
  ['text/html,application/xhtml+xml,*/*;q=0.8', true],
  ['text/html', false],
  ['text/html, application/json;q=0', false],
  ['application/jsonp', false],
])('accept %s: %s', (accept, takes) => {
  expect(takesJson(accept)).toBe(takes)
})
