import type { FastifyInstance } from 'fastify'
import { CodedError } from '../base/errors.ts'
import type { Herder } from '../herder/herder.ts'
import { isLevelName, type LoggerLevel } from '../telemetry/levels.ts'
import { levels } from '../telemetry/log.ts'
import { isObject, jsonOf, plainJson } from './body.ts'

type Named = { Params: { logger: string } }

const shown = ({ level, lastModified }: LoggerLevel) => ({ level, last_modified: lastModified })

/** `/admin/loggers`. */
export const loggers = (app: FastifyInstance, herder: Herder): void => {
  app.get('/admin/loggers', async () =>
    Object.fromEntries([...levels.all()].map(([name, level]) => [name, shown(level)])),
  )

  app.get<Named>('/admin/loggers/:logger', async request => {
    const { logger } = request.params
    const level = levels.get(logger)
    if (level === undefined) throw new CodedError('LOGGER_NOT_FOUND', { logger })
    return shown(level)
  })

  app.put<Named & { Querystring: { scope?: string } }>('/admin/loggers/:logger', async (request, reply) => {
    const json = plainJson(jsonOf(request.body))
    if (!isObject(json))
      throw new CodedError('INTERNAL', {
        reason: 'Cannot invoke "java.util.Map.get(Object)" because "levelMap" is null',
      })
    const { level } = json
    if (level === undefined || level === null)
      throw new CodedError('BAD_REQUEST', { reason: "Desired 'level' parameter was not specified in request." })
    const wanted = String(level).trim().toUpperCase()
    if (wanted === '') throw new CodedError('INTERNAL', { reason: 'Illegal null or empty Level name.' })
    if (!isLevelName(wanted)) throw new CodedError('INVALID_LOG_LEVEL', { level: String(level) })
    const { logger } = request.params
    const scope = String(request.query.scope ?? 'worker').trim()
    if (scope.toLowerCase() !== 'cluster') return levels.set(logger, wanted, Date.now())
    // A worker of its own is the whole cluster.
    if (herder.setLogLevel === undefined) levels.set(logger, wanted, Date.now())
    else await herder.setLogLevel(logger, wanted)
    return reply.code(204).send()
  })
}
