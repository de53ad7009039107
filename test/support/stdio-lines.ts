// A child process for tests: what comes on standard input leaves by standard output, through the two file connectors.
import { SinkRecord } from 'millrace'
import sink from '../../connectors/file/sink.ts'
import source from '../../connectors/file/source.ts'

const context = {
  connector: 'stdio',
  task: 0,
  log: { debug() {}, info() {}, warn() {}, error() {} },
  originals: {},
  signal: new AbortController().signal,
  progress() {},
}
const reader = await source.open(
  { file: undefined, topic: 'lines', batchSize: 10 },
  { ...context, offsets: async () => [] },
  {},
)
const nothing = () => {}
const writer = await sink.open(
  { file: undefined },
  {
    ...context,
    reject: nothing,
    pause: nothing,
    resume: nothing,
    seek: nothing,
    requestCommit: nothing,
    wakeAfter: nothing,
  },
)
let offset = 0
// Standard input does not keep the process alive: in a worker, the worker does.
const alive = setInterval(nothing, 1000)
for await (const batch of reader.read()) {
  await writer.write(
    batch.map(({ topic, value, valueSchema }) => {
      return new SinkRecord({ topic, partition: 0, offset: offset++, value, valueSchema: valueSchema ?? null })
    }),
  )
}
clearInterval(alive)
