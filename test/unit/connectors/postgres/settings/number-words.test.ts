import { expect, test } from 'vitest'
import { config } from '../../../../../connectors/postgres/settings/settings.ts'
import { parseField } from '../../../../../runtime/config/parse.ts'

// As Debezium 3.6.1 answers a validation.
test.each([
  ['database.port', 'x', ['An integer is expected', 'An integer is expected']],
  ['database.query.timeout.ms', '', ['An integer is expected']],
  ['slot.retry.delay.ms', 'x', ['A long value is expected', 'An integer is expected']],
  ['poll.interval.ms', '0', ['A positive, non-zero integer value is expected']],
  ['poll.interval.ms', 'x', ['A long value is expected', 'A positive, non-zero integer value is expected']],
  ['heartbeat.interval.ms', '-1', ['An non-negative integer is expected']],
  ['snapshot.delay.ms', '-1', ['A non-negative long value is expected']],
  ['executor.shutdown.timeout.ms', '0', ['A positive, non-zero long value is expected']],
  ['slot.failover', 'maybe', ["Either 'true' or 'false' is expected"]],
  ['tombstones.on.delete', '', ["Either 'true' or 'false' is expected", "Either 'true' or 'false' is expected"]],
  ['max.batch.size', '2147483648', ['An integer is expected', 'A positive, non-zero integer value is expected']],
  ['max.batch.size', ' 7 ', []],
  ['slot.failover', 'TRUE', []],
] as const)('%s = %j', (key, text, words) => {
  const { problems } = parseField(key, config[key], { [key]: text })
  expect(problems).toEqual(words.map(what => `The '${key}' value is invalid: ${what}`))
})

test('rules that Debezium has not are still told', () => {
  expect(parseField('slot.max.retries', config['slot.max.retries'], { 'slot.max.retries': '-1' }).problems).toEqual([
    'Invalid value -1 for configuration slot.max.retries: Value must be at least 0',
  ])
})
