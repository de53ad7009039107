import type { FastifyReply, FastifyRequest } from 'fastify'
import { CodedError } from '../base/errors.ts'

const timeoutMs = 90_000

/**
 * Passes a request on to the worker that answers it, at most twice: to the leader (`forward=true`), from there to the owner
 * (`forward=false`). Only the caller's credentials go along. Throws CodedError.
 */
export const forward = async (request: FastifyRequest, url: string): Promise<{ status: number; body: string }> => {
  const [path, query = ''] = request.url.split('?', 2) as [string, string?]
  const parameters = query.split('&').filter(one => one !== '')
  const hop = parameters.find(one => one.startsWith('forward='))?.slice('forward='.length)
  if (hop !== undefined && hop !== 'true') throw new CodedError('CONFLICTING_OPERATION')
  const others = parameters.filter(one => !one.startsWith('forward='))
  const target = `${url.replace(/\/$/, '')}${path}?${[`forward=${hop === undefined}`, ...others].join('&')}`
  const body = typeof request.body === 'string' && request.body !== '' ? request.body : undefined
  const { authorization } = request.headers
  try {
    const answer = await fetch(target, {
      method: request.method,
      headers: {
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(authorization !== undefined && { authorization }),
      },
      ...(body !== undefined && { body }),
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    return { status: answer.status, body: await answer.text() }
  } catch (cause) {
    const { message, cause: inner } = cause as Error
    // Nobody listens there: it died, nothing was done, and the group will notice within the session.
    if (inner instanceof Error && (inner as NodeJS.ErrnoException).code === 'ECONNREFUSED') {
      const hint = `The worker at ${url} is gone and the group has not noticed yet: ask again within session.timeout.ms`
      throw new CodedError('CONFLICTING_OPERATION', {}, { cause, hint })
    }
    const reason = inner instanceof Error ? `${message}: ${inner.message}` : message
    throw new CodedError('FORWARDING_FAILED', { reason: `${reason} (${url})` }, { cause })
  }
}

/** Sends what another worker answered. */
export const sendForwarded = (
  request: FastifyRequest,
  reply: FastifyReply,
  { status, body }: { readonly status: number; readonly body: string },
): FastifyReply => {
  reply.code(status)
  if (body === '') return reply.send()
  if (status === 201) {
    const { name } = JSON.parse(body) as { name: string }
    reply.header('location', locationOf(request, name))
  }
  return reply.type('application/json').send(body)
}

/** Where a connector is found, from the caller's point of view. */
export const locationOf = (request: FastifyRequest, connector: string): string =>
  `${request.protocol}://${request.host}/connectors/${encodeURIComponent(connector).replaceAll('%2F', '/').replaceAll('%2B', '+')}`
