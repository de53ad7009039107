import { join } from 'node:path'
import type { PlainBenchmark } from '../bench.ts'
import { inProcess } from '../in-process.ts'
import type { Figures } from '../metrics.ts'
import type { RecordBatchFigure } from '../record-batch.bench.ts'

/** Kafka's record batches in memory; the function that measures comes from the tree that is measured. */
export const recordBatch: PlainBenchmark = {
  name: 'record-batch',
  title: 'record batch encode and decode',
  doc: 'batches of about 1 MiB in memory, keys of 8 bytes, CRC-32C computed and checked, one thread; records of each batch counted',
  broker: false,
  peer: false,
  async run({ subject, records }) {
    const module = join(subject.tree!, 'test', 'bench', 'record-batch.bench.ts')
    const figures = await inProcess<RecordBatchFigure[]>(module, 'benchRecordBatch', [Math.ceil(records / 2), 5])
    return Object.fromEntries(
      figures.map(({ leg, valueBytes, cpuSecondsPerMillion }): [string, Figures] => [
        `${leg}, ${valueBytes} B`,
        { cpuSecondsPerMillion },
      ]),
    )
  },
}
