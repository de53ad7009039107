import { ConnectError } from '../api/errors.ts'
import { systemClock } from '../base/clock.ts'
import { createKafka } from '../kafka/kafka.ts'
import { Tolerance } from '../pipeline/tolerance.ts'
import { logger } from '../telemetry/log.ts'
import { baseSettings, taskClientSettings } from './client-settings.ts'
import { errorSettings } from './error-settings.ts'
import { openSink } from './open-sink.ts'
import { openSource } from './open-source.ts'
import type { ConnectorDefinition } from './plugin-access.ts'
import type { OpenTask, TaskMaterial } from './task-material.ts'
import { recordParts } from './task-parts.ts'

/** Builds a task: plugins, clients, pipeline, the connector's own task. Whatever fails, nothing stays open. */
export const openTask: OpenTask = async request => {
  const { start, settings, load, log, activity } = request
  const { id, connector } = start
  await using closing = new AsyncDisposableStack()
  const [location] = start.plugins
  if (location === undefined) throw new ConnectError('The task was started without a connector plugin')
  const definition = (await load(location)) as ConnectorDefinition
  request.secrets.declare(definition.config, start.task.props)
  const records = await recordParts(start, settings, load, log)
  closing.defer(() => records.close())
  const kafka = createKafka(baseSettings(settings.workerProps), { log: logger('millrace.kafka', { ...id }) })
  closing.defer(() => kafka.close())
  const errors = errorSettings(connector.props)
  const material: TaskMaterial = {
    request,
    kafka,
    clients: taskClientSettings(settings.workerProps, connector.props, id.connector, id.task, start.memoryBytes),
    records,
    errors,
    closing,
    context: signal => ({
      connector: id.connector,
      task: id.task,
      log,
      originals: start.task.props,
      signal,
      progress: text => {
        activity.told = text
      },
      gauge: (name, value) => {
        if (!/^[a-z][a-z0-9_]*$/.test(name))
          throw new ConnectError(`${name} cannot be the name of a gauge: use snake case`)
        activity.gauges[name] = value
      },
    }),
    tolerance: (counters, deadLetters) =>
      new Tolerance({
        settings: errors,
        taskName: `${id.connector}-${id.task}`,
        log,
        clock: systemClock,
        counters,
        ...(deadLetters === undefined ? {} : { deadLetters }),
      }),
  }
  const opened =
    definition.kind === 'source' ? await openSource(definition, material) : await openSink(definition, material)
  const kept = closing.move()
  return { ...opened, version: definition.version, close: () => kept.disposeAsync() }
}
