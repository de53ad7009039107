import type { FastifyInstance } from 'fastify'
import { guidOf } from './content.ts'
import { INVALID_SCHEMA, RegistryRefusal, refusals } from './errors.ts'
import { type SchemaRegistry, textAs, versionsOf } from './registry.ts'
import { bodyOf, flag, numberOf, param, query, schemaOf, versionAnswer, versionParam } from './requests.ts'

/** `/subjects` and `/compatibility` of Confluent's registry. */
export const subjectRoutes = (app: FastifyInstance, registry: SchemaRegistry): void => {
  app.get('/subjects', async request => {
    const state = await registry.read()
    const prefix = query(request, 'subjectPrefix') ?? ''
    const deletedToo = flag(request, 'deleted')
    const deletedOnly = flag(request, 'deletedOnly')
    return state.subjects().filter(subject => {
      if (!subject.startsWith(prefix)) return false
      const isDeleted = state.versions(subject).every(({ deleted }) => deleted)
      return deletedOnly ? isDeleted : deletedToo || !isDeleted
    })
  })

  app.post('/subjects/:subject', async request => {
    const schema = schemaOf(bodyOf(request))
    return versionAnswer(
      await registry.lookup(param(request, 'subject'), schema, flag(request, 'normalize'), flag(request, 'deleted')),
    )
  })

  app.delete('/subjects/:subject', request =>
    registry.deleteSubject(param(request, 'subject'), flag(request, 'permanent')),
  )

  app.get('/subjects/:subject/versions', async request => {
    const state = await registry.read()
    const subject = param(request, 'subject')
    const only = flag(request, 'deletedOnly')
    return versionsOf(state, subject, only || flag(request, 'deleted'))
      .filter(({ deleted }) => deleted || !only)
      .map(({ version }) => version)
  })

  app.post('/subjects/:subject/versions', async request => {
    const body = bodyOf(request)
    const id = numberOf(body, 'id')
    const version = numberOf(body, 'version')
    const made = await registry.register(param(request, 'subject'), schemaOf(body), {
      normalize: flag(request, 'normalize'),
      ...(id !== undefined && { id }),
      ...(version !== undefined && { version }),
    })
    return { id: made.id, version: made.version, guid: guidOf(made) }
  })

  app.get('/subjects/:subject/versions/:version', async request => {
    const version = await registry.version(param(request, 'subject'), versionParam(request), flag(request, 'deleted'))
    return versionAnswer(version, textAs(await registry.read(), version, query(request, 'format')))
  })

  app.get('/subjects/:subject/versions/:version/schema', async (request, reply) => {
    const { text } = await registry.version(param(request, 'subject'), versionParam(request), flag(request, 'deleted'))
    return reply.send(text)
  })

  app.get('/subjects/:subject/versions/:version/referencedby', async request => {
    const { subject, version } = await registry.version(param(request, 'subject'), versionParam(request), true)
    const ids = (await registry.read()).referencing(subject, version).map(({ id }) => id)
    return [...new Set(ids)].sort((a, b) => a - b)
  })

  app.delete('/subjects/:subject/versions/:version', request =>
    registry.deleteVersion(param(request, 'subject'), versionParam(request), flag(request, 'permanent')),
  )

  for (const path of ['/versions', '/versions/:version'])
    app.post(`/compatibility/subjects/:subject${path}`, async request => {
      const subject = param(request, 'subject')
      const id = path === '/versions' ? undefined : versionParam(request)
      const schema = schemaOf(bodyOf(request))
      const verbose = flag(request, 'verbose')
      const messages = await registry.compatibility(subject, schema, id, flag(request, 'normalize')).catch(error => {
        // Who asks for the reasons gets this one among them.
        if (verbose && error instanceof RegistryRefusal && error.code === INVALID_SCHEMA) return [error.message]
        throw error
      })
      return { is_compatible: messages.length === 0, ...(verbose && { messages }) }
    })

  app.get('/subjects/:subject/metadata', () => {
    throw refusals.badRequest('Metadata of schemas is not supported by this registry')
  })
}
