import { expect, test } from 'vitest'
import { CodedError, type ErrorCode, errorTable } from '../../../runtime/base/errors.ts'

test('every entry has a status and a message whose places are named', () => {
  for (const [code, entry] of Object.entries(errorTable)) {
    expect(entry.status, code).toBeGreaterThanOrEqual(400)
    expect(entry.message.trim(), code).not.toBe('')
    const places = [...entry.message.matchAll(/\{(\w+)\}/g)].map(match => match[1]!)
    const filled = new CodedError(code as ErrorCode, Object.fromEntries(places.map(place => [place, `<${place}>`])))
    expect(filled.message).not.toMatch(/\{\w+\}/)
    for (const place of places) expect(filled.message).toContain(`<${place}>`)
  }
})

test('keeps code, status and cause', () => {
  const cause = new Error('below')
  const error = new CodedError('CONNECTOR_NOT_FOUND', { connector: 'x' }, { cause })
  expect(error).toMatchObject({
    code: 'CONNECTOR_NOT_FOUND',
    status: 404,
    retriable: false,
    message: 'Connector x not found',
    cause,
  })
})
