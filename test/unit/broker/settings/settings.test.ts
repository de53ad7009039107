import { describe, expect, test } from 'vitest'
import { brokerDefinitions, brokerSettings } from '../../../../runtime/broker/settings/broker-settings.ts'
import { checkSetting } from '../../../../runtime/broker/settings/definition.ts'
import { checkTopicSettings, logConfig, topicDefinitions } from '../../../../runtime/broker/settings/topic-settings.ts'

describe('settings', () => {
  test.each([...Object.entries(brokerDefinitions), ...Object.entries(topicDefinitions)])(
    '%s has a default that it would take itself',
    (name, definition) => {
      if (definition.default !== null) expect(() => checkSetting(name, definition, definition.default!)).not.toThrow()
      expect(definition.doc).not.toBe('')
      if (definition.brokerName !== undefined) {
        const broker = brokerDefinitions[definition.brokerName]
        expect([broker?.type, broker?.default]).toEqual([definition.type, definition.default])
      }
    },
  )

  test.each([
    ['retention.ms', 'soon', /retention\.ms=soon: a whole number/],
    ['retention.ms', '-2', /from -1 to/],
    ['retention.ms', '1.5', /a whole number/],
    ['segment.bytes', '3000000000', /from 1024 to 2147483647/],
    ['min.cleanable.dirty.ratio', '1.1', /from 0 to 1/],
    ['cleanup.policy', 'compact,keep', /one of delete, compact/],
    ['compression.type', 'zip', /one of producer/],
    ['preallocate', 'yes', /true or false/],
    ['retention', '1', /retention is no setting of a topic/],
  ])('of a topic: %s=%s is refused', (name, value, message) => {
    expect(() => checkTopicSettings({ [name]: value })).toThrow(message)
  })

  test('of the broker: refused by name, unknown ones too; those that describe a cluster are passed over', () => {
    expect(() => brokerSettings({ 'num.partitions': '0' })).toThrow(/num\.partitions=0/)
    expect(() => brokerSettings({ 'num.partition': '3' })).toThrow(
      /num\.partition is no setting of the embedded broker/,
    )
    expect(brokerSettings({ 'broker.id': '7', listeners: 'PLAINTEXT://:9092' }).ignored).toEqual([
      'broker.id',
      'listeners',
    ])
  })

  test("a topic's own value counts before the broker's, that before the default", () => {
    const { settings } = brokerSettings({ 'log.retention.ms': '1000', 'log.segment.bytes': '5000' })
    const config = logConfig({ 'segment.bytes': '2000', 'cleanup.policy': 'compact, delete' }, settings)
    expect(config).toMatchObject({ retentionMs: 1000, segmentBytes: 2000, compact: true, delete: true })
    expect(config).toMatchObject({ maxMessageBytes: 1_048_588, flushMessages: Number.POSITIVE_INFINITY })
    expect(config.retentionBytes).toBe(Number.POSITIVE_INFINITY)
  })

  test('retention and roll times may be given in hours and minutes, the finest counts', () => {
    const retention = (given: Record<string, string>) => logConfig({}, brokerSettings(given).settings).retentionMs
    expect(retention({ 'log.retention.hours': '2' })).toBe(7_200_000)
    expect(retention({ 'log.retention.hours': '-1' })).toBe(Number.POSITIVE_INFINITY)
    expect(retention({ 'log.retention.hours': '2', 'log.retention.minutes': '3' })).toBe(180_000)
    expect(retention({ 'log.retention.minutes': '3', 'log.retention.ms': '4' })).toBe(4)
    expect(logConfig({}, brokerSettings({ 'log.roll.hours': '1' }).settings).segmentMs).toBe(3_600_000)
  })
})
