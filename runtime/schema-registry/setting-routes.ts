import type { FastifyInstance, FastifyRequest } from 'fastify'
import { refusals } from './errors.ts'
import type { RegistryConfig } from './records.ts'
import type { SchemaRegistry } from './registry.ts'
import { bodyOf, flag, levelOf, modeOf, param } from './requests.ts'

const global = { compatibilityLevel: 'BACKWARD' } as const

const configOf = (request: FastifyRequest): RegistryConfig => {
  const { compatibility, normalize } = bodyOf(request)
  if (normalize != null && typeof normalize !== 'boolean') throw refusals.badRequest('normalize must be true or false')
  if (compatibility == null && normalize == null) throw refusals.invalidLevel()
  return {
    ...(compatibility != null && { compatibilityLevel: levelOf(compatibility) }),
    ...(typeof normalize === 'boolean' && { normalize }),
  }
}

/** `/config` and `/mode` of Confluent's registry: of the whole and of a subject. */
export const settingRoutes = (app: FastifyInstance, registry: SchemaRegistry): void => {
  for (const own of ['', '/:subject']) {
    const subjectOf = (request: FastifyRequest) => (own === '' ? null : param(request, 'subject'))

    app.get(`/config${own}`, async request => {
      const state = await registry.read()
      const subject = subjectOf(request)
      const config = state.config(subject)
      if (subject !== null && config === undefined && !flag(request, 'defaultToGlobal'))
        throw refusals.noSubjectConfig(subject)
      return { ...global, ...state.config(null), ...config }
    })

    // What is written is called otherwise than what is read; so it is in Confluent's.
    app.put(`/config${own}`, async request => {
      const config = configOf(request)
      await registry.setConfig(subjectOf(request), config)
      const { compatibilityLevel, normalize } = config
      return {
        ...(compatibilityLevel !== undefined && { compatibility: compatibilityLevel }),
        ...(normalize !== undefined && { normalize }),
      }
    })

    app.delete(`/config${own}`, async request => ({ ...global, ...(await registry.deleteConfig(subjectOf(request))) }))

    app.get(`/mode${own}`, async request => {
      const state = await registry.read()
      const subject = subjectOf(request)
      const mode = state.mode(subject)
      if (subject !== null && mode === undefined && !flag(request, 'defaultToGlobal'))
        throw refusals.noSubjectMode(subject)
      return { mode: mode ?? state.mode(null) ?? 'READWRITE' }
    })

    app.put(`/mode${own}`, async request => {
      const mode = modeOf(bodyOf(request)['mode'])
      await registry.setMode(subjectOf(request), mode, flag(request, 'force'))
      return { mode }
    })

    app.delete(`/mode${own}`, async request => ({ mode: await registry.deleteMode(subjectOf(request)) }))
  }
}
