// A child process for tests that kill it: writes records from the offset it is told, prints each offset it may commit.
import sink from '../../connectors/s3/confluent-sink.ts'
import { openSink, recordsOf } from './s3-sink-run.ts'

const { props, from, end } = JSON.parse(process.argv[2]!) as {
  props: Readonly<Record<string, string>>
  from: number
  end: number
}
const { task } = await openSink(sink, props)
const at = (offset: number) => [{ topic: 'orders', partition: 0, offset }]
await task.assigned?.(at(from))
const filler = 'x'.repeat(1000)
let offset = from
while (offset < end) {
  const next = Math.min(end, offset + 700)
  await task.write(recordsOf(offset, next, value => ({ value: { offset: value, filler } })))
  offset = next
  const [safe] = (await task.flush?.(at(offset))) ?? []
  if (safe !== undefined) process.stdout.write(`${safe.offset}\n`)
}
process.stdout.write('done\n')
// Parts of the last, unfinished object stay behind: the next start sweeps them.
process.kill(process.pid, 'SIGKILL')
