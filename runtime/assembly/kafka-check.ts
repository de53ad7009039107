import type { Log } from '../api/context.ts'

const patienceMs = 10_000

/**
 * Asks Kafka once, beside everything else, and warns when it does not answer within 10 s: connectors wait for it without an
 * end, and the log should say what for (invariant 8). Returns how to give up.
 */
export const warnWithoutKafka = (
  settings: Readonly<Record<string, string>>,
  log: Log,
  withinMs = patienceMs,
): (() => Promise<void>) => {
  let given = false
  const asked = (async () => {
    const { createKafka } = await import('../kafka/kafka.ts')
    if (given) return undefined
    const kafka = createKafka({ ...settings, 'default.api.timeout.ms': String(withinMs) }, { log })
    kafka
      .admin()
      .describeCluster()
      .catch((error: unknown) => {
        if (given) return
        const bootstrap = settings['bootstrap.servers']
        log.warn('Kafka cannot be reached: connectors wait until it can', {
          bootstrap,
          reason: (error as Error).message,
        })
      })
      .finally(() => kafka.close())
    return kafka
  })()
  return async () => {
    given = true
    await (await asked)?.close()
  }
}
