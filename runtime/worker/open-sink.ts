import type { SinkDefinition } from '../api/define.ts'
import { ConfigError } from '../api/errors.ts'
import { systemClock } from '../base/clock.ts'
import { parseOrThrow } from '../config/parse.ts'
import { DeadLetterQueue, ensureDeadLetterTopic } from '../pipeline/dead-letter.ts'
import { SinkPipeline } from '../pipeline/sink-pipeline.ts'
import { type SinkConverter, SinkLoop } from '../task/sink-loop.ts'
import { topicPattern } from '../task/topic-pattern.ts'
import { SinkTaskMetrics } from '../telemetry/metrics-task.ts'
import type { OpenedLoop, TaskMaterial } from './task-material.ts'
import { flushSettings } from './task-parts.ts'

/** How much of the graceful time a write that is under way gets before its signal aborts; the rest is for flush and commit. */
const WRITE_GRACE_MS = 2000

/** Opens a sink task and the loop that drives it. */
export const openSink = async (definition: SinkDefinition, material: TaskMaterial): Promise<OpenedLoop> => {
  const { request, kafka, clients, records, closing } = material
  const { start, settings, main, log, activity } = request
  const { id, run } = start
  const { props } = start.task
  const metrics = new SinkTaskMetrics()
  const topics = subscription(start.connector.props)
  const deadLetters = await deadLetterQueue(material, metrics)
  const tolerance = material.tolerance(metrics.errors, deadLetters)
  const abort = new AbortController()

  const pipeline = new SinkPipeline({
    ...records,
    tolerance,
    sinkClass: definition.class,
    signal: request.stop,
    ...(deadLetters === undefined ? {} : { deadLetters }),
  })
  const converter: SinkConverter = pipeline
  const loop = new SinkLoop({
    connect: hooks =>
      kafka.consumer({
        groupId: clients.groupId,
        topics,
        settings: clients.consumer,
        maxBufferedBytes: start.memoryBytes,
        ...hooks,
      }),
    converter,
    keepsNothing: definition.keepsNothing === true,
    topicUsed: topic => void main.topicUsed(run, id, topic).catch(() => {}),
    activity,
    metrics,
    log,
    clock: systemClock,
    ...flushSettings(settings.workerProps),
  })

  // The connector's signal aborts when the last flush is through: until then it may still need the outside system. A write
  // that hangs is cut off earlier.
  const config = parseOrThrow(definition.config, props)
  const opening = new AbortController()
  const stopOpening = () => abort.abort(request.stop.reason)
  request.stop.addEventListener('abort', stopOpening, { once: true, signal: opening.signal })
  const task = await definition.open(config as never, { ...material.context(abort.signal), ...loop.context })
  opening.abort()
  closing.defer(async () => {
    abort.abort()
    await task.close?.()
  })
  return {
    metrics,
    async run(stop) {
      let timer: NodeJS.Timeout | undefined
      const cut = () => {
        timer = setTimeout(() => abort.abort(stop.reason), WRITE_GRACE_MS).unref()
      }
      stop.addEventListener('abort', cut, { once: true })
      try {
        await loop.run(task, stop)
      } finally {
        clearTimeout(timer)
        stop.removeEventListener('abort', cut)
        abort.abort()
      }
    },
    pause: () => loop.pause(),
    resume: () => loop.resume(),
    cancel: () => {
      loop.cancel()
      abort.abort()
    },
    measure: () => loop.measure(),
  }
}

const subscription = (props: Readonly<Record<string, string>>): readonly string[] | RegExp => {
  const pattern = props['topics.regex']?.trim()
  if (pattern !== undefined && pattern !== '') return topicPattern('topics.regex', pattern)
  const topics = (props['topics'] ?? '')
    .split(',')
    .map(topic => topic.trim())
    .filter(topic => topic !== '')
  if (topics.length === 0) throw new ConfigError('Must configure one of topics or topics.regex', { key: 'topics' })
  return topics
}

const deadLetterQueue = async (
  { request, kafka, clients, errors, closing }: TaskMaterial,
  metrics: SinkTaskMetrics,
): Promise<DeadLetterQueue | undefined> => {
  const { start, log } = request
  if (errors.deadLetters === undefined) return undefined
  const { topic, replicationFactor, contextHeaders } = errors.deadLetters
  const admin = kafka.admin(clients.admin)
  try {
    await ensureDeadLetterTopic(admin, topic, replicationFactor)
  } finally {
    await admin.close()
  }
  const producer = kafka.producer(clients.deadLetterProducer)
  closing.defer(() => producer.close(0))
  const queue = new DeadLetterQueue({
    topic,
    contextHeaders,
    connector: start.id.connector,
    task: start.id.task,
    producer,
    counters: metrics.errors,
    log,
    now: Date.now,
  })
  await queue.start()
  return queue
}
