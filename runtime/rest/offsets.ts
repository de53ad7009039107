import type { FastifyInstance } from 'fastify'
import { CodedError } from '../base/errors.ts'
import type { ConnectorOffset } from '../herder/entities.ts'
import type { Herder } from '../herder/herder.ts'
import { offsetJson } from '../stores/offset-key.ts'
import { isObject, jsonOf, plainJson } from './body.ts'

type Named = { Params: { connector: string } }

/** A body's offsets; what is in the maps is the connector's to check. */
const offsetsOf = (body: unknown): readonly ConnectorOffset[] => {
  const json = plainJson(jsonOf(body))
  if (json === undefined || json === null)
    throw new CodedError('INTERNAL', {
      reason:
        'Cannot invoke "org.apache.kafka.connect.runtime.rest.entities.ConnectorOffsets.offsets()" because "offsets" is null',
    })
  const list = isObject(json) ? json['offsets'] : undefined
  if (list === undefined || list === null) return []
  if (!Array.isArray(list) || !list.every(isObject))
    throw new CodedError('INTERNAL', { reason: 'offsets must be a list of {"partition": {...}, "offset": {...}}' })
  return list as unknown as ConnectorOffset[]
}

/** `/connectors/X/offsets`. */
export const offsets = (app: FastifyInstance, herder: Herder): void => {
  app.get<Named>('/connectors/:connector/offsets', async (request, reply) => {
    const list = await herder.offsets(request.params.connector)
    // Written by hand: an offset may hold integers beyond 2^53.
    const shown = list.map(
      ({ partition, offset }) =>
        `{"partition":${offsetJson(partition)},"offset":${offset === null ? 'null' : offsetJson(offset)}}`,
    )
    return reply.type('application/json').send(`{"offsets":[${shown.join()}]}`)
  })

  app.patch<Named>('/connectors/:connector/offsets', async request => {
    const list = offsetsOf(request.body)
    if (list.length === 0) throw new CodedError('OFFSETS_MISSING')
    return { message: await herder.alterOffsets(request.params.connector, list) }
  })

  app.delete<Named>('/connectors/:connector/offsets', async request => ({
    message: await herder.alterOffsets(request.params.connector, null),
  }))
}
