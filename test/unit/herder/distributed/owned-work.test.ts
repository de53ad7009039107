import { expect, test } from 'vitest'
import { agreement, applyAssignment } from '../../../../runtime/herder/distributed/owned-work.ts'

const owned = new Set(['c a', 't a-0', 't a-1'])

// assigned, revoked, cooperative -> released, owned after, joins again
test.each([
  ['nothing new', [], [], true, [], ['c a', 't a-0', 't a-1'], false],
  ['more', ['c b'], [], true, [], ['c a', 't a-0', 't a-1', 'c b'], false],
  ['less: the others wait for it', [], ['t a-1'], true, ['t a-1'], ['c a', 't a-0'], true],
  ['less and more', ['c b'], ['c a'], true, ['c a'], ['t a-0', 't a-1', 'c b'], true],
  ['less of what is not ours', [], ['c x'], true, [], ['c a', 't a-0', 't a-1'], true],
  ['the same again', ['c a'], [], true, [], ['c a', 't a-0', 't a-1'], false],
  ['eager: all that there is', ['c a', 'c b'], [], false, ['t a-0', 't a-1'], ['c a', 'c b'], false],
  ['eager: nothing', [], [], false, ['c a', 't a-0', 't a-1'], [], false],
] as const)('%s', (_, assigned, revoked, cooperative, release, after, rejoin) => {
  const change = applyAssignment(owned, { assigned, revoked }, cooperative)
  expect({ ...change, owned: [...change.owned] }).toEqual({ release, owned: after, rejoin })
})

test.each([
  [false, 5, 5, 'apply'],
  [false, 5, 7, 'apply'],
  [false, 5, 4, 'read'],
  [true, 5, 4, 'reread-and-join'],
  [true, 5, 9, 'reread-and-join'],
] as const)('mismatch %s, assigned at %i, read up to %i: %s', (mismatch, configOffset, own, what) => {
  expect(agreement({ mismatch, configOffset }, own)).toBe(what)
})
