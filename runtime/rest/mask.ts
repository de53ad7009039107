import type { FastifyRequest } from 'fastify'
import { CodedError } from '../base/errors.ts'
import { isSecretKey } from '../config/secret-key.ts'
import type { ConnectorInfo, TaskInfo } from '../herder/entities.ts'
import type { Herder } from '../herder/herder.ts'
import type { ConnectorProps } from '../stores/ports.ts'
import { callerOf } from './access.ts'

const mask = '[hidden]'
/** A shorter text is no secret worth the name, and hiding it would garble every value. */
const minLength = 3
const plugin = /^(?:connector\.class|(?:key|value|header)\.converter|(?:transforms|predicates)\..+\.type)$/
const withPassword = /:\/\/[^/@\s]*:[^/@\s]+@/
/** A reference to a config provider is no secret: its value stands elsewhere. */
const variable = /^\$\{[^}]*\}$/

/**
 * Secrets of connector configurations in answers (invariant 10): hidden from everybody with `rest.mask.secrets`, and always
 * from callers who may not write: who writes needs what was read. A secret is what a plugin declares as a password, what its
 * name tells, and an address with a password in it.
 */
export class Masking {
  readonly #herder: Herder
  readonly #always: boolean

  constructor(herder: Herder, always: boolean) {
    this.#herder = herder
    this.#always = always
  }

  #applies(request: FastifyRequest): boolean {
    const role = callerOf(request)?.role
    return this.#always || (role !== undefined && role !== 'admin')
  }

  async info(request: FastifyRequest, info: ConnectorInfo): Promise<ConnectorInfo> {
    return this.#applies(request) ? { ...info, config: await this.#masked(info.config) } : info
  }

  async tasks(request: FastifyRequest, connector: string, tasks: readonly TaskInfo[]): Promise<readonly TaskInfo[]> {
    if (!this.#applies(request)) return tasks
    const { config: props } = this.#herder.info(connector)
    const names = await this.#secretNames(props)
    const texts = Object.entries(props).flatMap(([key, value]) =>
      value !== null && value.length >= minLength && names(key, value) ? [value] : [],
    )
    const hide = (text: string) => texts.reduce((hidden, secret) => hidden.replaceAll(secret, mask), text)
    return tasks.map(({ id, config }) => ({
      id,
      config: Object.fromEntries(
        Object.entries(config).map(([key, value]) => [key, names(key, value) ? mask : hide(value)]),
      ),
    }))
  }

  /**
   * What is written with the mask in it, as it was read: the stored values in the masks' places. Throws CodedError 400 for a
   * mask where nothing is stored.
   */
  written(connector: string, props: ConnectorProps): ConnectorProps {
    const masked = Object.keys(props).filter(key => props[key] === mask)
    if (!this.#always || masked.length === 0) return props
    const stored = this.#herder.connectors().includes(connector) ? this.#herder.info(connector).config : {}
    const missing = masked.find(key => !Object.hasOwn(stored, key))
    if (missing !== undefined)
      throw new CodedError(
        'BAD_REQUEST',
        { reason: `The setting ${missing} is ${mask}, and no value of it is stored that this could stand for` },
        { configKey: missing, hint: `Give ${missing} its value` },
      )
    return { ...props, ...Object.fromEntries(masked.map(key => [key, stored[key] ?? null])) }
  }

  async #masked(props: ConnectorProps): Promise<ConnectorProps> {
    const names = await this.#secretNames(props)
    return Object.fromEntries(
      Object.entries(props).map(([key, value]) => [key, value !== null && names(key, value) ? mask : value]),
    )
  }

  async #secretNames(props: ConnectorProps): Promise<(key: string, value: string) => boolean> {
    const declared = new Set<string>()
    for (const [key, className] of Object.entries(props)) {
      if (className === null || !plugin.test(key)) continue
      const prefix = key === 'connector.class' ? '' : `${key.replace(/\.type$/, '')}.`
      // One that cannot be loaded declares nothing: its secrets are told by their names.
      const infos = await this.#herder.pluginConfig(className.trim()).catch(() => [])
      for (const { name, type } of infos) if (type === 'PASSWORD') declared.add(prefix + name)
    }
    return (key, value) => !variable.test(value) && (declared.has(key) || isSecretKey(key) || withPassword.test(value))
  }
}
