import type { FastifyInstance } from 'fastify'
import type { Herder } from '../herder/herder.ts'
import { jsonOf, propsOf } from './body.ts'

type Plugin = { Params: { plugin: string } }

/** `/connector-plugins`. */
export const connectorPlugins = (app: FastifyInstance, herder: Herder): void => {
  app.get<{ Querystring: { connectorsOnly?: string } }>('/connector-plugins', async request =>
    herder.plugins(String(request.query.connectorsOnly ?? 'true').toLowerCase() !== 'false'),
  )

  app.get<Plugin>('/connector-plugins/:plugin/config', async request => herder.pluginConfig(request.params.plugin))

  app.put<Plugin>('/connector-plugins/:plugin/config/validate', async request =>
    herder.validate(propsOf(jsonOf(request.body), 'connectorConfig'), request.params.plugin),
  )
}
