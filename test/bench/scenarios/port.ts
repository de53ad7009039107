import { fileURLToPath } from 'node:url'
import type { BrokerBenchmark } from '../bench.ts'
import { inProcess } from '../in-process.ts'
import type { Figures } from '../metrics.ts'
import type { PortFigure } from '../port.bench.ts'

const module = fileURLToPath(new URL('../port.bench.ts', import.meta.url))
const partitions = 4

const figures = ({ records, cpuSeconds, wallSeconds, peakRssMb }: PortFigure): Figures => ({
  cpuSecondsPerMillion: (cpuSeconds / records) * 1e6,
  recordsPerSecond: records / wallSeconds,
  wallSeconds,
  cpuSeconds,
  peakRssMb,
})

/** The client alone: a process that does nothing but write, and one that does nothing but read. */
export const port: BrokerBenchmark = {
  name: 'port',
  title: 'produce and consume through the port',
  doc: 'values of 300 B, encoded and acknowledged (counted by the end offsets), then fetched by a group member, checked, decoded and looked at (counted by the number in each), 4 partitions; a process of its own for each',
  broker: true,
  peer: false,
  async run({ subject, records, id, parts }) {
    const { kafka, witness } = parts
    const topic = `${id}_port`
    await witness.create(topic, partitions)
    try {
      const given = [subject.tree!, kafka.bootstrap, topic, records]
      const written = await inProcess<PortFigure>(module, 'produce', given)
      const there = await witness.count(topic)
      if (there !== records) throw new Error(`${there} records are in the topic where ${records} were expected`)
      const read = await inProcess<PortFigure>(module, 'consume', [...given, id])
      return { produce: figures(written), consume: figures(read) }
    } finally {
      await witness.drop(topic)
      await witness.dropGroup(id)
    }
  },
}
