import type { FastifyInstance } from 'fastify'
import { ConfigError } from '../api/errors.ts'

/** Cross-origin requests from the allowed origins; nothing is installed when none is. */
export const cors = (app: FastifyInstance, allowOrigin: string, allowMethods: string): void => {
  const origins = allowOrigin
    .split(',')
    .map(origin => origin.trim())
    .filter(origin => origin !== '')
  if (origins.length === 0) return
  const methods = allowMethods.trim() === '' ? 'GET,POST,HEAD' : allowMethods
  app.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers
    if (origin === undefined || !(origins.includes('*') || origins.includes(origin))) return
    reply
      .header('access-control-allow-origin', origin)
      .header('access-control-allow-credentials', 'true')
      .header('vary', 'Origin')
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return
    return reply
      .header('access-control-allow-methods', methods)
      .header('access-control-allow-headers', 'X-Requested-With,Content-Type,Accept,Origin')
      .header('access-control-max-age', '1800')
      .code(200)
      .send()
  })
}

const rule = /^\s*(set|add|setDate|addDate)\s+([^\s:]+)\s*:\s*(.*)$/i

/**
 * `action name:value` rules, separated by commas (a value with commas in double quotes); the value of a date is in milliseconds
 * from now. Throws ConfigError.
 */
export const responseHeaders = (app: FastifyInstance, rules: string): void => {
  const parsed = (rules.match(/(?:"[^"]*"|[^,])+/g) ?? []).map(text => {
    const match = rule.exec(text.trim().replace(/^"|"$/g, ''))
    if (match === null)
      throw new ConfigError(
        `Invalid value ${rules} for configuration response.http.headers.config: "${text.trim()}" is not "[action] [header name]:[header value]"`,
        { key: 'response.http.headers.config' },
      )
    const action = match[1]!.toLowerCase()
    if (action.endsWith('date') && !/^-?\d{1,15}$/.test(match[3]!))
      throw new ConfigError(
        `Invalid value ${rules} for configuration response.http.headers.config: a date is a number of milliseconds from now, not "${match[3]}"`,
        { key: 'response.http.headers.config' },
      )
    return { action, name: match[2]!, value: match[3]! }
  })
  if (parsed.length === 0) return
  app.addHook('onSend', async (_request, reply) => {
    for (const { action, name, value } of parsed) {
      const text = action.endsWith('date') ? new Date(Date.now() + Number(value)).toUTCString() : value
      const before = reply.getHeader(name)
      reply.header(name, action.startsWith('add') && before !== undefined ? [before, text].flat().map(String) : text)
    }
  })
}

const takesNoBody = /\/(pause|resume|stop|restart|reset)$/

/**
 * Some clients name a type for a body that they do not send, as axios does: where no body is wanted that means nothing. An addition:
 * Kafka Connect answers 415.
 */
export const typesOfNothing = (app: FastifyInstance): void => {
  app.addHook('onRequest', async ({ headers, routeOptions }) => {
    const empty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0
    if (empty && takesNoBody.test(routeOptions.url ?? '')) delete headers['content-type']
  })
}
