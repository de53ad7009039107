import { describe, expect, test } from 'vitest'
import { expiredSegments } from '../../../../runtime/broker/log/retention.ts'
import { logConfig } from '../../../../runtime/broker/settings/topic-settings.ts'
import { noBrokerSettings } from '../log-folder.ts'

const NOW = 1_000_000
const segments = (...list: [size: number, age: number][]) =>
  list.map(([size, age]) => ({ size, maxTimestamp: NOW - age }))

describe('retention', () => {
  const four = segments([100, 400], [100, 300], [100, 200], [50, 100])
  test.each([
    ['nothing is old, nothing too large', {}, four, 0],
    ['by age', { 'retention.ms': '250' }, four, 2],
    ['by age, to the millisecond', { 'retention.ms': '300' }, four, 1],
    ['the active segment as well, by age', { 'retention.ms': '50' }, four, 4],
    ['for ever', { 'retention.ms': '-1' }, four, 0],
    ['by size, never below the limit', { 'retention.bytes': '150' }, four, 2],
    ['by size, one byte more', { 'retention.bytes': '151' }, four, 1],
    ['the active segment stays, by size', { 'retention.bytes': '0' }, four, 3],
    ['a young segment protects the ones behind it', { 'retention.ms': '150' }, segments([1, 10], [1, 999], [1, 1]), 0],
    ['only where the policy says delete', { 'cleanup.policy': 'compact', 'retention.ms': '1' }, four, 0],
    ['with both policies', { 'cleanup.policy': 'compact,delete', 'retention.ms': '250' }, four, 2],
    ['segments that compaction has emptied', {}, segments([0, NOW + 1], [10, 0]), 1],
    ['an empty active segment', { 'retention.ms': '0' }, segments([0, NOW + 1]), 0],
  ])('%s', (_, configs, list, expected) => {
    expect(expiredSegments(list, logConfig(configs as Record<string, string>, noBrokerSettings), NOW)).toBe(expected)
  })
})
