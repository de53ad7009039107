import type { SourceDefinition } from '../api/define.ts'
import { ConnectError } from '../api/errors.ts'
import { systemClock } from '../base/clock.ts'
import { parseOrThrow } from '../config/parse.ts'
import { SourcePipeline } from '../pipeline/source-pipeline.ts'
import { SourceLoop } from '../task/source-loop.ts'
import type { ProduceFailure } from '../task/submitted-records.ts'
import { TopicCreation, topicGroups } from '../task/topic-creation.ts'
import { SourceTaskMetrics } from '../telemetry/metrics-task.ts'
import { exactlyOnce, openTransactions } from './exactly-once.ts'
import { followTopic } from './follow-topic.ts'
import type { OpenedLoop, TaskMaterial } from './task-material.ts'
import { flushSettings } from './task-parts.ts'
import { workFromProps } from './work.ts'

const PRODUCER = 'org.apache.kafka.clients.producer.KafkaProducer'

/** Opens a source task and the loop that drives it. */
export const openSource = async (definition: SourceDefinition, material: TaskMaterial): Promise<OpenedLoop> => {
  const { request, kafka, clients, records, closing } = material
  const { start, settings, main, log, activity } = request
  const { id, run } = start
  const metrics = new SourceTaskMetrics()
  const tolerance = material.tolerance(metrics.errors)
  const abort = new AbortController()
  const stopped = () => abort.abort(request.stop.reason)
  request.stop.addEventListener('abort', stopped, { once: true })
  if (request.stop.aborted) stopped()

  const once = exactlyOnce(settings.workerProps, start.connector.props, id)
  // Before the task reads its offsets: from then on none that ran before can change them.
  const inTransactions = once && (await openTransactions(once, material))
  const producer = inTransactions?.producer ?? kafka.producer(clients.producer)

  const config = parseOrThrow(definition.config, start.task.props)
  const task = await definition.open(
    config as never,
    {
      ...material.context(abort.signal),
      offsets: partitions => main.offsets(run, id, partitions),
      followTopic: options => followTopic(settings.workerProps, options, log),
      ...(once?.boundary.kind === 'connector' &&
        inTransactions && { transactions: inTransactions.transactions.requests }),
    },
    workFromProps(start.task.props),
  )
  closing.defer(async () => {
    abort.abort()
    await task.close?.()
  })
  // Closed before the connector's own task: nothing is acknowledged to it any more.
  closing.defer(() => producer.close(0))
  const creation = topicCreation(material)

  const pipeline = new SourcePipeline({
    ...records,
    tolerance,
    producer,
    ensureTopic: async topic => {
      if (topic === once?.offsetsTopic)
        throw new ConnectError(`Topic ${topic} holds the offsets of this connector: it cannot write records there`)
      await creation?.ensure([topic])
    },
    now: Date.now,
    signal: abort.signal,
  })
  const produceFailed: ProduceFailure = (count, topic, partition, error) => {
    // Its transaction is lost whole: there is nothing to tolerate.
    if (once !== undefined) return 'fail'
    try {
      tolerance.giveUp(
        { describe: () => `, where ${count} record(s) were on their way to ${topic}-${partition}` },
        'KAFKA_PRODUCE',
        PRODUCER,
        error,
      )
      return 'skip'
    } catch {
      // The loop names the failure itself, with topic and partition.
      return 'fail'
    }
  }
  const loop = new SourceLoop({
    task,
    pipeline,
    producer,
    ...(inTransactions && { transactions: inTransactions.transactions }),
    store: offsets => main.store(run, id, offsets),
    produceFailed,
    topicUsed: topic => void main.topicUsed(run, id, topic).catch(() => {}),
    activity,
    metrics,
    log,
    clock: systemClock,
    ...flushSettings(settings.workerProps),
  })
  return {
    metrics,
    run: stop => loop.run(stop),
    pause: () => loop.pause(),
    resume: () => loop.resume(),
    cancel: () => {
      loop.cancel()
      // Invariant 7: what is still on its way is not sent any more.
      void producer.close(0).catch(() => {})
    },
    measure: () => loop.measure(),
  }
}

/** By the connector's `topic.creation.*`, when the worker lets it; otherwise it is the broker's business. */
const topicCreation = ({ request, kafka, clients, closing }: TaskMaterial): TopicCreation | undefined => {
  const { start, settings, log } = request
  if (settings.workerProps['topic.creation.enable']?.trim().toLowerCase() === 'false') return undefined
  const groups = topicGroups(start.connector.props)
  if (groups === undefined) return undefined
  const admin = kafka.admin(clients.admin)
  closing.defer(() => admin.close())
  return new TopicCreation(groups, admin, log)
}
