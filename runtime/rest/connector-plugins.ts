import type { FastifyInstance } from 'fastify'
import { CodedError } from '../base/errors.ts'
import type { Herder } from '../herder/herder.ts'
import { jsonOf, propsOf } from './body.ts'
import type { Masking } from './mask.ts'

type Plugin = { Params: { plugin: string } }

/** `/connector-plugins`. */
export const connectorPlugins = (app: FastifyInstance, herder: Herder, masking: Masking): void => {
  app.get<{ Querystring: { connectorsOnly?: string } }>('/connector-plugins', async request =>
    herder.plugins(String(request.query.connectorsOnly || 'true').toLowerCase() === 'true'),
  )

  app.get<Plugin>('/connector-plugins/:plugin/config', async request => herder.pluginConfig(request.params.plugin))

  app.put<Plugin>('/connector-plugins/:plugin/config/validate', async request => {
    try {
      const props = propsOf(jsonOf(request.body), 'connectorConfig')
      return await herder.validate(masking.written(props['name'] ?? '', props), request.params.plugin)
    } catch (error) {
      throw wrapped(error)
    }
  })

  app.put<Plugin & { Querystring: { records?: string } }>(
    '/connector-plugins/:plugin/config/preview',
    async request => {
      const { records = '10' } = request.query
      if (!/^\d{1,3}$/.test(records) || Number(records) < 1)
        throw new CodedError('BAD_REQUEST', { reason: `records must be a number from 1 to 999, not ${records}` })
      const props = propsOf(jsonOf(request.body), 'connectorConfig')
      return herder.preview(masking.written(props['name'] ?? '', props), Number(records), request.params.plugin)
    },
  )
}

/** What Kafka Connect answers here with 500 and the name of its exception, and with 400 when a connector is created. */
const wrapped = (error: unknown): unknown => {
  if (!(error instanceof CodedError)) return error
  const { code, message, hint, configKey } = error
  if (code !== 'NO_CONNECTOR_TYPE' && code !== 'CONNECTOR_CLASS_NOT_FOUND') return error
  return new CodedError(
    'INTERNAL',
    { reason: `org.apache.kafka.connect.runtime.rest.errors.BadRequestException: ${message}` },
    { cause: error, ...(hint !== undefined && { hint }), ...(configKey !== undefined && { configKey }) },
  )
}
