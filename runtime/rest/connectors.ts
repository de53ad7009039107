import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { CodedError } from '../base/errors.ts'
import type { Herder } from '../herder/herder.ts'
import type { TargetState } from '../stores/ports.ts'
import { isObject, jsonOf, malformed, propsOf } from './body.ts'
import { locationOf } from './forward.ts'
import type { Masking } from './mask.ts'

type Named = { Params: { connector: string } }
type Task = { Params: { connector: string; task: string } }

const targets: Readonly<Record<string, TargetState>> = { RUNNING: 'STARTED', PAUSED: 'PAUSED', STOPPED: 'STOPPED' }

const createRequest = (
  body: unknown,
): { readonly name: string; readonly config: unknown; readonly initial: TargetState | undefined } => {
  const json = jsonOf(body)
  const shape = 'Send {"name": "...", "config": {"connector.class": "...", ...}}'
  if (json === undefined || json === null) {
    throw malformed(
      'Cannot invoke "org.apache.kafka.connect.runtime.rest.entities.CreateConnectorRequest.name()" because "createRequest" is null',
      shape,
    )
  }
  if (!isObject(json)) {
    throw malformed(
      'Cannot deserialize value of type `org.apache.kafka.connect.runtime.rest.entities.CreateConnectorRequest`: the body must be an object with name and config',
      shape,
    )
  }
  const unknown = Object.keys(json).find(key => !['name', 'config', 'initial_state'].includes(key))
  if (unknown !== undefined) {
    throw malformed(
      `Unrecognized field "${unknown}" (class org.apache.kafka.connect.runtime.rest.entities.CreateConnectorRequest), not marked as ignorable (3 known properties: "config", "name", "initial_state")`,
      `${shape}; settings alone go to PUT /connectors/NAME/config`,
    )
  }
  const { name, config, initial_state: state } = json
  const initial = state === undefined || state === null ? undefined : targets[String(state).toUpperCase()]
  if (state !== undefined && state !== null && initial === undefined) {
    throw malformed(
      `Cannot construct instance of \`org.apache.kafka.connect.runtime.rest.entities.CreateConnectorRequest$InitialState\`, problem: No enum constant org.apache.kafka.connect.runtime.rest.entities.CreateConnectorRequest.InitialState.${String(state).toUpperCase()}`,
      `initial_state is one of ${Object.keys(targets).join(', ')}`,
    )
  }
  return { name: typeof name === 'string' ? name.trim() : '', config, initial }
}

const taskNumber = (text: string): number => {
  if (/^-?\d+$/.test(text)) return Number(text)
  throw new CodedError('NOT_FOUND')
}

const flag = (value: unknown): boolean => String(value ?? '').toLowerCase() === 'true'

/** `/connectors` and everything below that is not about offsets. */
export const connectors = (app: FastifyInstance, herder: Herder, masking: Masking): void => {
  app.get<{ Querystring: { expand?: string | string[] } }>('/connectors', async request => {
    const expand = [request.query.expand ?? []].flat()
    if (expand.length === 0) return herder.connectors()
    const entries: (readonly [string, object])[] = []
    for (const connector of herder.connectors()) {
      try {
        const status = expand.includes('status') && { status: herder.status(connector) }
        const info = expand.includes('info') && { info: await masking.info(request, herder.info(connector)) }
        entries.push([connector, { ...status, ...info }])
      } catch (error) {
        // One without a status yet is left out, as in Kafka Connect.
        if (!(error instanceof CodedError && error.status === 404)) throw error
      }
    }
    return Object.fromEntries(entries)
  })

  app.post('/connectors', async (request, reply) => {
    const { name, config, initial } = createRequest(request.body)
    const info = await herder.create(name, masking.written(name, propsOf(config, 'config')), initial)
    return reply
      .code(201)
      .header('location', locationOf(request, name))
      .send(await masking.info(request, info))
  })

  app.get<Named>('/connectors/:connector', async request =>
    masking.info(request, herder.info(request.params.connector)),
  )

  app.delete<Named>('/connectors/:connector', async (request, reply) => {
    await herder.remove(request.params.connector)
    return reply.code(204).send()
  })

  app.get<Named>('/connectors/:connector/config', async request => {
    const { config } = await masking.info(request, herder.info(request.params.connector))
    return config
  })

  app.put<Named>('/connectors/:connector/config', async (request, reply) => {
    const { connector } = request.params
    const { created, info } = await herder.put(
      connector,
      masking.written(connector, propsOf(jsonOf(request.body), 'connectorConfig')),
    )
    if (created) reply.code(201).header('location', locationOf(request, connector))
    return reply.send(await masking.info(request, info))
  })

  app.patch<Named>('/connectors/:connector/config', async request => {
    const { connector } = request.params
    const changes = masking.written(connector, propsOf(jsonOf(request.body), 'connectorConfigPatch'))
    return masking.info(request, await herder.patch(connector, changes))
  })

  // Nothing may be added to a status: there are clients that refuse members they do not know.
  app.get<Named>('/connectors/:connector/status', async request => herder.status(request.params.connector))

  app.get<Named>('/connectors/:connector/tasks', async request => {
    const { connector } = request.params
    return masking.tasks(request, connector, herder.tasks(connector))
  })

  app.get<Task>('/connectors/:connector/tasks/:task/status', async request => {
    const { connector, task } = request.params
    return herder.taskStatus(connector, taskNumber(task))
  })

  app.post<Task>('/connectors/:connector/tasks/:task/restart', async (request, reply) => {
    const { connector, task } = request.params
    await herder.restartTask(connector, taskNumber(task))
    return reply.code(204).send()
  })

  app.post<Named & { Querystring: { includeTasks?: string; onlyFailed?: string } }>(
    '/connectors/:connector/restart',
    async (request, reply) => {
      const { includeTasks, onlyFailed } = request.query
      const status = await herder.restart(request.params.connector, {
        includeTasks: flag(includeTasks),
        onlyFailed: flag(onlyFailed),
      })
      return status === undefined ? reply.code(204).send() : reply.code(202).send(status)
    },
  )

  const target = (verb: string, state: TargetState, code: number) =>
    app.put<Named>(`/connectors/:connector/${verb}`, async (request: FastifyRequest<Named>, reply: FastifyReply) => {
      await herder.setTarget(request.params.connector, state)
      return reply.code(code).send()
    })
  target('pause', 'PAUSED', 202)
  target('resume', 'STARTED', 202)
  target('stop', 'STOPPED', 204)

  app.get<Named>('/connectors/:connector/topics', async request => {
    const { connector } = request.params
    return { [connector]: { topics: herder.topics(connector) } }
  })

  app.put<Named>('/connectors/:connector/topics/reset', async (request, reply) => {
    herder.resetTopics(request.params.connector)
    return reply.code(202).send()
  })
}
