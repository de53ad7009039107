import { join } from 'node:path'
import type { BrokerBenchmark } from '../bench.ts'
import type { WorkerSettings } from '../subjects.ts'
import type { Worker } from '../worker.ts'

const figures = (worker: Worker) => ({
  readyMs: worker.readyMs,
  connectorsMs: worker.connectorsMs,
  cpuToReadySeconds: worker.cpuToReadySeconds,
})

/** From the spawn to the first 200 of `GET /`, in each form that can be started. */
export const start: BrokerBenchmark = {
  name: 'start',
  title: 'start to REST ready',
  doc: 'spawn to the first 200 of GET / (and of GET /connectors), asked every 4 ms (JVM: 25 ms)',
  broker: true,
  peer: true,
  leastRounds: 9,
  built: true,
  async run({ subject, folder, parts }) {
    const { bootstrap } = parts.kafka
    const forms: Readonly<Record<string, WorkerSettings>> =
      subject.kind === 'jvm'
        ? {
            'Kafka Connect, bare': { bootstrap, folder: join(folder, 'bare'), bare: true },
            'Kafka Connect with Debezium': { bootstrap, folder: join(folder, 'debezium') },
          }
        : {
            package: { bootstrap, folder: join(folder, 'package'), built: true },
            'package, embedded broker': {
              bootstrap: `embedded:${join(folder, 'broker-1')}`,
              folder: join(folder, 'package-embedded'),
              built: true,
            },
            sources: { bootstrap, folder: join(folder, 'sources') },
            'sources, embedded broker': {
              bootstrap: `embedded:${join(folder, 'broker-2')}`,
              folder: join(folder, 'sources-embedded'),
            },
          }
    const sample: Record<string, ReturnType<typeof figures>> = {}
    for (const [form, settings] of Object.entries(forms)) {
      const worker = await subject.start(settings)
      sample[form] = figures(worker)
      await worker.stop()
    }
    return sample
  },
}
