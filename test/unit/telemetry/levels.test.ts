import { expect, test } from 'vitest'
import { isLevelName, Levels } from '../../../runtime/telemetry/levels.ts'

test('a logger has the level of the longest name above it', () => {
  const levels = new Levels()
  levels.set('a.b', 'DEBUG', 1)
  expect(['a', 'a.b', 'a.b.c', 'a.bc', 'x'].map(name => levels.effective(name))).toEqual([
    'INFO',
    'DEBUG',
    'DEBUG',
    'INFO',
    'INFO',
  ])
})

test('a change goes to every known logger whose name begins so, and to root for all', () => {
  const levels = new Levels()
  for (const name of ['org.foo', 'org.foobar', 'org.x']) levels.know(name)
  expect(levels.set('org.foo', 'WARN', 5)).toEqual(['org.foo', 'org.foobar'])
  expect(levels.set('org.foo', 'WARN', 6)).toEqual([])
  expect(levels.get('org.foo')).toEqual({ level: 'WARN', lastModified: 5 })
  expect(levels.set('ROOT', 'ERROR', 7)).toEqual(['org.foo', 'org.foobar', 'org.x', 'root'])
  expect(levels.effective('org.foobar')).toBe('ERROR')
})

test('what nobody knows is not there; what is known has its effective level', () => {
  const levels = new Levels()
  expect(levels.get('x')).toBeUndefined()
  levels.know('x')
  expect(levels.get('x')).toEqual({ level: 'INFO', lastModified: null })
  expect([...levels.all().keys()]).toEqual(['root'])
})

test('levels to begin with were never changed', () => {
  const levels = new Levels()
  levels.configure('a', 'ERROR')
  levels.configure('root', 'WARN')
  expect(Object.fromEntries(levels.all())).toEqual({
    a: { level: 'ERROR', lastModified: null },
    root: { level: 'WARN', lastModified: null },
  })
})

test('knows level names', () => {
  expect(['OFF', 'TRACE', 'FATAL'].every(isLevelName)).toBe(true)
  expect(isLevelName('LOUD')).toBe(false)
})
