import type { FastifyInstance } from 'fastify'
import { CodedError } from '../base/errors.ts'
import type { ConnectorOffset } from '../herder/entities.ts'
import type { Herder } from '../herder/herder.ts'
import { offsetJson } from '../stores/offset-key.ts'
import { isObject, jsonOf, malformed, plainJson } from './body.ts'

type Named = { Params: { connector: string } }

const shape = 'Send {"offsets": [{"partition": {...}, "offset": {...}}]}'

/** A body's offsets; what is in the maps is the connector's to check. */
const offsetsOf = (body: unknown): readonly ConnectorOffset[] => {
  const json = plainJson(jsonOf(body))
  if (json === undefined || json === null)
    throw malformed(
      'Cannot invoke "org.apache.kafka.connect.runtime.rest.entities.ConnectorOffsets.offsets()" because "offsets" is null',
      shape,
    )
  if (!isObject(json)) throw unreadable('the body must be {"offsets": [...]}')
  known(json, ['offsets'], 'ConnectorOffsets')
  const list = json['offsets'] ?? []
  if (!Array.isArray(list)) throw unreadable('offsets must be a list')
  return list.map((one: unknown) => {
    if (!isObject(one)) throw unreadable('each of the offsets must be {"partition": {...}, "offset": {...}}')
    known(one, ['partition', 'offset'], 'ConnectorOffset')
    return { partition: mapOf(one, 'partition'), offset: mapOf(one, 'offset') } as ConnectorOffset
  })
}

const unreadable = (reason: string): CodedError => malformed(`Cannot read the offsets: ${reason}`, shape)

const known = (json: Readonly<Record<string, unknown>>, names: readonly string[], entity: string): void => {
  const other = Object.keys(json).find(name => !names.includes(name))
  if (other === undefined) return
  const count = names.length === 1 ? 'one known property' : `${names.length} known properties`
  throw malformed(
    `Unrecognized field "${other}" (class org.apache.kafka.connect.runtime.rest.entities.${entity}), not marked as ignorable (${count}: ${names.map(name => `"${name}"`).join(', ')})`,
    shape,
  )
}

const mapOf = (one: Readonly<Record<string, unknown>>, name: string): Record<string, unknown> | null => {
  const map = one[name] ?? null
  if (map !== null && !isObject(map)) throw unreadable(`${name} must be an object or null`)
  return map
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
