import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { BrokerBenchmark } from '../bench.ts'
import type { Figures } from '../metrics.ts'
import { peakRssMb, rssMb, threads } from '../processes.ts'

/** Resident memory when it has not moved by more than 1 MB for 5 s; 30 s after the start at the latest. */
const still = async (pid: number): Promise<Figures> => {
  const end = Date.now() + 30_000
  const seen: number[] = []
  while (Date.now() < end) {
    seen.push(rssMb(pid))
    const last = seen.slice(-6)
    if (last.length === 6 && Math.max(...last) - Math.min(...last) < 1) break
    await delay(1000)
  }
  return { rssMb: rssMb(pid), peakRssMb: peakRssMb(pid), threads: threads(pid) }
}

/** A worker with nothing to do. Memory under load stands with the other benchmarks. */
export const idle: BrokerBenchmark = {
  name: 'idle',
  title: 'memory of an idle worker',
  doc: 'resident memory of a worker that answers REST and has no connectors, once it has settled',
  broker: true,
  peer: true,
  built: true,
  async run({ subject, folder, parts }) {
    const { bootstrap } = parts.kafka
    const forms =
      subject.kind === 'jvm'
        ? { 'Kafka Connect with Debezium': bootstrap }
        : { worker: bootstrap, 'worker with its embedded broker': `embedded:${join(folder, 'broker')}` }
    const sample: Record<string, Figures> = {}
    for (const [form, address] of Object.entries(forms)) {
      const built = subject.kind === 'millrace'
      const worker = await subject.start({ bootstrap: address, folder: join(folder, form.replaceAll(' ', '-')), built })
      sample[form] = await still(worker.pid)
      await worker.stop()
    }
    return sample
  },
}
