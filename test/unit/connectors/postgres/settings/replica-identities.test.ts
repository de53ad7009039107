import { expect, test } from 'vitest'
import { replicaIdentityRules } from '../../../../../connectors/postgres/settings/replica-identities.ts'

test('rules name tables by patterns, identities in any case, and indexes as they are', () => {
  const rules = replicaIdentityRules(' public.a.*:full, public.b:INDEX Ix_1,c:NOTHING')
  expect(rules.map(({ identity, index }) => [identity, index])).toEqual([
    ['FULL', undefined],
    ['INDEX', 'Ix_1'],
    ['NOTHING', undefined],
  ])
  expect(rules[0]!.table.test('public.abc')).toBe(true)
  expect(rules[0]!.table.test('other.abc')).toBe(false)
  expect(replicaIdentityRules(undefined)).toEqual([])
})
