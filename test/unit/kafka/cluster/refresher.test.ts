import { describe, expect, it } from 'vitest'
import { Cluster } from '../../../../runtime/kafka/cluster/cluster.ts'
import { Refresher } from '../../../../runtime/kafka/cluster/refresher.ts'
import { KafkaClientError } from '../../../../runtime/kafka/errors.ts'
import { clientConfig } from '../../../../runtime/kafka/settings.ts'

const clusterThat = (refresh: () => Promise<void>): Cluster => {
  const settings = { 'bootstrap.servers': 'localhost:1', 'retry.backoff.ms': '30', 'retry.backoff.max.ms': '60' }
  const cluster = new Cluster(clientConfig(settings))
  cluster.refresh = refresh
  return cluster
}

describe(Refresher, () => {
  it('however often it is asked, refreshes once per backoff, and says so each time', async () => {
    const at: number[] = []
    let fresh = 0
    const cluster = clusterThat(async () => void at.push(performance.now()))
    const refresher = new Refresher(
      cluster,
      () => {
        fresh++
        for (let i = 0; i < 5; i++) refresher.request()
      },
      () => {},
    )
    refresher.request()
    refresher.request()
    while (fresh < 3) await new Promise(resolve => setTimeout(resolve, 1))
    refresher.stop()
    expect(at.length).toBe(3)
    expect(at[1]! - at[0]!).toBeGreaterThan(20)
  })

  it('goes on after what passes, and reports what does not', async () => {
    const failures = [new KafkaClientError('CONNECTION', 'away'), new KafkaClientError('AUTHENTICATION', 'refused')]
    const fatal: Error[] = []
    const cluster = clusterThat(() => Promise.reject(failures.shift()))
    const refresher = new Refresher(
      cluster,
      () => refresher.request(),
      error => fatal.push(error),
    )
    refresher.request()
    while (fatal.length === 0) await new Promise(resolve => setTimeout(resolve, 1))
    refresher.stop()
    expect(fatal.map(({ message }) => message)).toEqual(['refused'])
  })
})
