import { expect, it } from 'vitest'
import { levels } from '../../../runtime/telemetry/log.ts'
import { applyLevels, sharedLevels } from '../../../runtime/worker/log-levels.ts'

it('gives a thread the levels of the main thread', () => {
  levels.know('a.b.c')
  levels.set('a', 'WARN', 1)
  levels.set('a.b', 'DEBUG', 2)
  const shared = structuredClone(sharedLevels())
  levels.set('a', 'ERROR', 3)
  levels.set('root', 'TRACE', 4)
  applyLevels(shared)
  expect(levels.effective('a.b.c')).toBe('DEBUG')
  expect(levels.effective('a.x')).toBe('WARN')
  expect(levels.effective('z')).toBe('INFO')
})
