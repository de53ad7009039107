import { expect, test, vi } from 'vitest'
import { warnWithoutKafka } from '../../../runtime/assembly/kafka-check.ts'
import { testBroker } from '../../support/test-broker.ts'

const logOf = () => ({ debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() })

test('Kafka that does not answer is told of once, with the reason', async () => {
  const world = await testBroker()
  const bootstrap = `127.0.0.1:${world.broker.port}`
  await world.remove()

  const silent = logOf()
  const gone = warnWithoutKafka({ 'bootstrap.servers': bootstrap }, silent, 300)
  await vi.waitFor(() => expect(silent.warn).toHaveBeenCalled(), 5000)
  expect(silent.warn.mock.calls).toEqual([
    [
      'Kafka cannot be reached: connectors wait until it can',
      { bootstrap, reason: expect.stringContaining('ECONNREFUSED') },
    ],
  ])
  await gone()
})

test('what is given up says nothing', async () => {
  const log = logOf()
  await warnWithoutKafka({ 'bootstrap.servers': '127.0.0.1:1' }, log, 50)()
  expect(log.warn).not.toHaveBeenCalled()
})
