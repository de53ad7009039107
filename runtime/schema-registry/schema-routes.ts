import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { RegistrySchema } from '../converters/registry/format.ts'
import { guidOf } from './content.ts'
import { refusals } from './errors.ts'
import { schemaTypes } from './formats.ts'
import type { SchemaVersion } from './records.ts'
import { type SchemaRegistry, textAs } from './registry.ts'
import { flag, idParam, param, query, schemaAnswer, versionAnswer } from './requests.ts'
import type { RegistryState } from './state.ts'

const found = (state: RegistryState, id: number): RegistrySchema => {
  const schema = state.schema(id)
  if (schema === undefined) throw refusals.schemaNotFound(String(id))
  return schema
}

const versionsWithId = async (registry: SchemaRegistry, request: FastifyRequest): Promise<readonly SchemaVersion[]> => {
  const state = await registry.read()
  const id = idParam(request)
  found(state, id)
  const subject = query(request, 'subject')
  return state
    .withId(id)
    .filter(
      version =>
        (subject === undefined || version.subject === subject) && (flag(request, 'deleted') || !version.deleted),
    )
}

/** `/schemas` of Confluent's registry. */
export const schemaRoutes = (app: FastifyInstance, registry: SchemaRegistry): void => {
  app.get('/schemas/types', async () => schemaTypes)

  // There is the default one alone.
  app.get('/contexts', async () => [':.:'])

  app.get('/schemas', async request => {
    const state = await registry.read()
    const prefix = query(request, 'subjectPrefix') ?? ''
    const from = Number(query(request, 'offset') ?? 0)
    const limit = Number(query(request, 'limit') ?? -1)
    const all = state
      .subjects()
      .filter(subject => subject.startsWith(prefix))
      .flatMap(subject => {
        const versions = state.versions(subject).filter(({ deleted }) => flag(request, 'deleted') || !deleted)
        return flag(request, 'latestOnly') ? versions.slice(-1) : versions
      })
    return all.slice(from, limit < 0 ? undefined : from + limit).map(version => versionAnswer(version))
  })

  app.get('/schemas/ids/:id', async request => {
    const state = await registry.read()
    const schema = found(state, idParam(request))
    return {
      ...schemaAnswer(schema, textAs(state, schema, query(request, 'format'))),
      guid: guidOf(schema),
      ...(flag(request, 'fetchMaxId') && { maxId: state.maxId }),
    }
  })

  app.get('/schemas/ids/:id/schema', async (request, reply) =>
    reply.send(found(await registry.read(), idParam(request)).text),
  )

  app.get('/schemas/ids/:id/subjects', async request => [
    ...new Set((await versionsWithId(registry, request)).map(({ subject }) => subject)),
  ])

  app.get('/schemas/ids/:id/versions', async request =>
    (await versionsWithId(registry, request)).map(({ subject, version }) => ({ subject, version })),
  )

  app.get('/schemas/guids/:guid', async request => {
    const state = await registry.read()
    const guid = param(request, 'guid')
    const id = state.idOfGuid(guid)
    if (id === undefined) throw refusals.schemaNotFound(guid)
    const schema = found(state, id)
    return { ...schemaAnswer(schema, textAs(state, schema, query(request, 'format'))), guid: guid.toLowerCase() }
  })
}
