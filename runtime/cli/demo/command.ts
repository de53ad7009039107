import { parseArgs } from 'node:util'
import { createKafka } from '../../kafka/kafka.ts'
import type { Admin } from '../../kafka/ports.ts'
import { askedToEnd, type Command, exitCodes } from '../command.ts'
import { type Audit, auditObjects, isClean } from './audit.ts'
import { demoHelp } from './help.ts'
import { bucket, connectors, type Parts, sinkGroup, startParts, topic } from './parts.ts'
import { Shop } from './shop.ts'
import { liveView, plainView, type View } from './view.ts'

interface Options {
  readonly rows: number
  readonly keep: boolean
  readonly plain: boolean
  readonly avro: boolean
}

const options = (args: readonly string[]): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '20000' },
      keep: { type: 'boolean', default: false },
      plain: { type: 'boolean', default: false },
      avro: { type: 'boolean', default: false },
    },
  })
  const rows = Number(values.rows)
  if (!Number.isInteger(rows) || rows < 1)
    throw new Error(`--rows ${values.rows} is no count: give a whole number of at least 1`)
  return { rows, keep: values.keep, plain: values.plain, avro: values.avro }
}

interface DemoState {
  phase: string
  /** Everything has been written to the table. */
  done: boolean
  /** Records in the topic. */
  produced: number
}

/** No record moved for this long: something is wrong, say what. */
const stallMs = 60_000

/** Looks at all three places a few times a second until everything that was written has been delivered. */
const watch = async (
  parts: Parts,
  admin: Admin,
  shop: Shop,
  view: View,
  startedAt: number,
  state: DemoState,
): Promise<void> => {
  const { ListObjectsV2Command } = await import('@aws-sdk/client-s3')
  let moved = { at: Date.now(), sum: -1 }
  for (;;) {
    const topics = await admin.describeTopics([topic])
    const partitions = (topics[0]?.partitions ?? []).map(({ partition }) => ({ topic, partition }))
    const [ends, committed, tasks, memory, listing] = await Promise.all([
      partitions.length === 0 ? [] : admin.listOffsets(partitions, 'latest'),
      admin.groupOffsets(sinkGroup).catch(() => []),
      parts.worker.parts(),
      parts.worker.memoryMb(),
      parts.s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'topics/' })),
    ])
    const sum = (offsets: readonly { offset: number }[]) =>
      offsets.reduce((total, { offset }) => total + Math.max(0, offset), 0)
    const objects = listing.Contents ?? []
    // A delete is followed by its tombstone.
    const expected = shop.expected.size + shop.counts.deleted
    const now = {
      phase: state.phase,
      elapsedMs: Date.now() - startedAt,
      ...shop.counts,
      expected,
      produced: sum(ends),
      committed: sum(committed),
      objects: objects.length,
      objectBytes: objects.reduce((total, { Size = 0 }) => total + Size, 0),
      latest: objects.map(({ Key = '' }) => Key),
      tasks,
      workerMb: memory,
    }
    state.produced = now.produced
    view.show(now)
    const failed = tasks.find(task => task.state === 'FAILED')
    if (failed !== undefined) throw new Error(`${failed.name} failed: ${failed.trace ?? 'without a trace'}`)
    if (state.done && now.produced >= expected && now.committed >= now.produced) return
    const progress = now.inserted + now.updated + now.produced + now.committed + now.objects
    if (progress !== moved.sum) moved = { at: Date.now(), sum: progress }
    else if (Date.now() - moved.at > stallMs) {
      throw new Error(
        `Nothing has moved for ${stallMs / 1000} s: ${now.produced} of ${expected} records are in the topic, ${now.committed} are delivered`,
      )
    }
    await new Promise(resolve => setTimeout(resolve, 150))
  }
}

/** A good part of the orders is there before the connectors (the snapshot), the rest comes while they run. */
const trade = async (parts: Parts, shop: Shop, rows: number, state: DemoState): Promise<void> => {
  const before = Math.ceil(rows * 0.6)
  state.phase = 'orders that were there before'
  await shop.take(before)
  state.phase = 'snapshot'
  for (const [name, config] of Object.entries(connectors(parts, Math.max(100, Math.ceil(rows / 10)))))
    await parts.worker.submit(name, config)
  // What changes before the snapshot's point in time is in it once, not change by change: nothing could be counted.
  while (state.produced < before) await new Promise(resolve => setTimeout(resolve, 50))
  const rounds = 20
  for (let round = 0; round < rounds; round++) {
    const share = Math.floor(((rows - before) * (round + 1)) / rounds) - Math.floor(((rows - before) * round) / rounds)
    if (share > 0) await shop.take(share)
    await shop.revise(Math.ceil(rows / 200), Math.ceil(rows / 1000))
    state.phase = 'orders come, change and go'
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  state.phase = 'the last ones arrive'
  state.done = true
}

const report = (audit: Audit, shop: Shop, view: View): void => {
  const { inserted, updated, deleted } = shop.counts
  view.say(`Read back ${audit.objects} objects, ${audit.bytes} bytes, ${audit.lines} events.`)
  if (isClean(audit)) {
    view.say(
      `Every one of ${inserted} inserts, ${updated} updates and ${deleted} deletes is there exactly once, and together they give the table as it is.`,
    )
    return
  }
  const some = (keys: readonly string[]) =>
    `${keys.length}${keys.length === 0 ? '' : ` (${keys.slice(0, 5).join(', ')}${keys.length > 5 ? ' ...' : ''})`}`
  view.say(
    `The objects do not match the table: missing ${some(audit.missing)}, twice ${some(audit.twice)}, never written ${some(audit.unexpected)}, rows that differ ${some(audit.different)}.`,
  )
}

const invitation = (parts: Parts): string => `
Still running. Things to try:
  curl ${parts.worker.rest}/connectors?expand=status
  curl -s ${parts.worker.rest}/connectors/orders-sink/config | curl -s -X PUT -H 'Content-Type: application/json' -d @- ${parts.worker.rest}/connector-plugins/S3SinkConnector/config/preview?records=1
  psql postgresql://${parts.postgres.user}:${parts.postgres.password}@${parts.postgres.host}:${parts.postgres.port}/${parts.postgres.database} -c "UPDATE orders SET note = 'hello' WHERE id = 1"
${parts.registry === undefined ? `  kcat -b ${parts.worker.bootstrap} -t ${topic} -C -o -1 -e` : `  kcat -b ${parts.worker.bootstrap} -t ${topic} -C -o -1 -e -s avro -r ${parts.registry}\n  curl ${parts.registry}/subjects/${topic}-value/versions/latest`}
  AWS_ACCESS_KEY_ID=${parts.s3Server.accessKeyId} AWS_SECRET_ACCESS_KEY=${parts.s3Server.secretAccessKey} aws --endpoint-url ${parts.s3Server.url} s3 ls --recursive s3://${bucket}/
Files and the worker's log: ${parts.folder}
Ctrl-C ends it and cleans up.`

/** `millrace demo`: 0 when every change is in the objects exactly once. */
export const demoCommand: Command = async args => {
  let chosen: Options
  try {
    chosen = options(args)
  } catch (error) {
    console.error(`millrace demo: ${(error as Error).message}\n\n${demoHelp}`)
    return exitCodes.usage
  }
  const view =
    process.stdout.isTTY && !chosen.plain ? liveView(process.stdout) : plainView(text => process.stdout.write(text))
  const asked = askedToEnd()
  const startedAt = Date.now()
  let parts: Parts | undefined
  try {
    view.say('Starting PostgreSQL, an S3 server, a broker and a worker ...')
    parts = await startParts(chosen.avro)
    view.say(
      `PostgreSQL at ${parts.postgres.host}:${parts.postgres.port}, S3 at ${parts.s3Server.url}, worker at ${parts.worker.rest}, its broker at ${parts.worker.bootstrap}${parts.registry === undefined ? '' : `, its schema registry at ${parts.registry}`}`,
    )
    const kafka = createKafka({ 'bootstrap.servers': parts.worker.bootstrap })
    const shop = new Shop(parts.sql)
    try {
      await shop.create()
      const state: DemoState = { phase: 'starting', done: false, produced: 0 }
      const work = Promise.all([
        trade(parts, shop, chosen.rows, state),
        watch(parts, kafka.admin(), shop, view, startedAt, state),
      ])
      const ended = await Promise.race([work, asked])
      if (typeof ended === 'string') return exitCodes.usage
      const audit = await auditObjects(parts.s3, bucket, 'topics/', shop)
      report(audit, shop, view)
      if (chosen.keep) {
        view.say(invitation(parts))
        await asked
      }
      return isClean(audit) ? 0 : 1
    } finally {
      await kafka.close()
    }
  } catch (error) {
    view.say(`The demo failed: ${(error as Error).message}`)
    return 1
  } finally {
    view.close()
    await parts?.stop()
  }
}
