import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify'
import { deadline } from '../base/abort.ts'
import { CodedError } from '../base/errors.ts'

/** A request that takes too long is answered with an error; what it set off goes on and may still take effect. */
export const timeLimit = (app: FastifyInstance, ms: number): void => {
  app.addHook('onRoute', route => {
    const { handler } = route
    const limited: RouteHandlerMethod = function (request: FastifyRequest, reply: FastifyReply) {
      return deadline(
        Promise.resolve(handler.call(this, request, reply)),
        ms,
        () => new CodedError('REQUEST_TIMED_OUT'),
      )
    }
    route.handler = limited
  })
}
