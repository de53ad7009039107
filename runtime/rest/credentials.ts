import { createHash, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ConfigError } from '../api/errors.ts'
import { parseProperties } from '../config/properties.ts'
import { parseJaas } from '../kafka/connection/jaas.ts'

/** What somebody may do: look, also pause, resume, stop and restart, or everything. */
export const roles = ['read', 'operate', 'admin'] as const
export type Role = (typeof roles)[number]

export interface Caller {
  readonly name: string
  /** undefined: known, but given no role. */
  readonly role: Role | undefined
}

/** Who may call, from the worker's settings. */
export interface Credentials {
  /** A user of the file; undefined when user or password are wrong, or there are no users. */
  user(name: string, password: string): Caller | undefined
  token(token: string): Caller | undefined
}

export interface SecuritySettings {
  /** `rest.extension.classes` */
  readonly extensions: readonly string[]
  /** `rest.jaas.file`: the file that Kafka's JVM is given as java.security.auth.login.config. */
  readonly jaasFile: string | undefined
  /** `rest.tokens.file` */
  readonly tokensFile: string | undefined
  /** `rest.roles`: user:role */
  readonly roles: readonly string[]
}

const extension = 'org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension'
const loginModule = 'org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule'
const minTokenLength = 16

const textOf = (file: string, key: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new ConfigError(`${key}: ${file} cannot be read: ${(cause as Error).message}`, { key, cause })
  }
}

/** The users' file that the entry KafkaConnect of a JAAS file names. Throws ConfigError. */
export const usersFile = (jaas: string): string => {
  const fail = (reason: string, cause?: unknown) =>
    new ConfigError(`rest.jaas.file: ${reason}`, { key: 'rest.jaas.file', cause })
  const bare = jaas.replace(/"(?:\\.|[^"\\])*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, text =>
    text.startsWith('"') ? text : ' ',
  )
  const entry = /(?:^|[\s;}])KafkaConnect\s*\{((?:"(?:\\.|[^"\\])*"|[^"}])*)\}/.exec(bare)?.[1]
  if (entry === undefined) throw fail('there is no entry KafkaConnect { ... }; in the file')
  let parsed: ReturnType<typeof parseJaas>
  try {
    parsed = parseJaas(entry)
  } catch (cause) {
    throw fail('the entry KafkaConnect must be: LoginModuleClass required name="value" ... ;', cause)
  }
  if (parsed.loginModule !== loginModule)
    throw fail(`the login module ${parsed.loginModule} is not known here: use ${loginModule}`)
  const { file } = parsed.options
  if (file === undefined) throw fail('the login module needs the option file="..." with lines of user=password')
  return file
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

// A token's secret is long, so its plain digest cannot be guessed back; comparing digests takes the same time for all.
const same = (a: Buffer, b: Buffer): boolean => timingSafeEqual(a, b)

const roleOf = (text: string, where: string, key: string): Role => {
  const role = roles.find(one => one === text.trim().toLowerCase())
  if (role === undefined)
    throw new ConfigError(`${where}: the role must be one of ${roles.join(', ')}, not ${text}`, { key })
  return role
}

const readUserRoles = (entries: readonly string[]): ReadonlyMap<string, Role> =>
  new Map(
    entries.map(entry => {
      const at = entry.lastIndexOf(':')
      if (at < 1) throw new ConfigError(`rest.roles: ${entry} is not user:role`, { key: 'rest.roles' })
      return [entry.slice(0, at).trim(), roleOf(entry.slice(at + 1), `rest.roles: ${entry}`, 'rest.roles')]
    }),
  )

interface Token extends Caller {
  readonly digest: Buffer
}

/** Lines of `NAME=ROLE TOKEN` or `NAME=ROLE sha256:HEX`. Errors never show the token (invariant 10). */
const readTokens = (file: string): readonly Token[] => {
  const key = 'rest.tokens.file'
  const entries = Object.entries(parseProperties(textOf(file, key)))
  if (entries.length === 0)
    throw new ConfigError(`${key}: ${file} holds no tokens: give lines of NAME=ROLE TOKEN`, { key })
  return entries.map(([name, value]) => {
    const where = `${key}: ${name} in ${file}`
    const [role = '', token = '', ...more] = value.trim().split(/\s+/)
    if (token === '' || more.length > 0) throw new ConfigError(`${where} is not NAME=ROLE TOKEN`, { key })
    const hex = /^sha256:([\da-f]{64})$/i.exec(token)?.[1]
    if (hex === undefined && token.length < minTokenLength)
      throw new ConfigError(`${where}: a token needs at least ${minTokenLength} characters`, { key })
    return { name, role: roleOf(role, where, key), digest: hex === undefined ? digest(token) : Buffer.from(hex, 'hex') }
  })
}

/** Reads who may call; undefined: everybody may do everything. Throws ConfigError for what cannot work. */
export const readCredentials = (settings: SecuritySettings): Credentials | undefined => {
  const { extensions, jaasFile, tokensFile } = settings
  for (const one of extensions) {
    if (one !== extension)
      throw new ConfigError(`rest.extension.classes: ${one} is not known here: ${extension} is the one there is`, {
        key: 'rest.extension.classes',
      })
  }
  const basic = extensions.length > 0
  if (basic && jaasFile === undefined)
    throw new ConfigError(
      'rest.extension.classes asks for basic authentication: name the JAAS file with the entry KafkaConnect in rest.jaas.file, or in KAFKA_OPTS as -Djava.security.auth.login.config=FILE',
      { key: 'rest.jaas.file' },
    )
  if (settings.roles.length > 0 && !basic)
    throw new ConfigError('rest.roles gives roles to users of basic authentication: set rest.extension.classes too', {
      key: 'rest.roles',
    })
  if (!basic && tokensFile === undefined) return undefined
  const userRoles = readUserRoles(settings.roles)
  const users = new Map<string, Buffer>()
  if (basic) {
    const file = usersFile(textOf(jaasFile!, 'rest.jaas.file'))
    for (const [name, password] of Object.entries(parseProperties(textOf(file, 'rest.jaas.file'))))
      users.set(name, digest(password))
  }
  const tokens = tokensFile === undefined ? [] : readTokens(tokensFile)
  const nobody = digest('')
  return {
    user(name, password) {
      if (!basic) return undefined
      // Without roles every user may do everything, as in Kafka Connect.
      const role = userRoles.size === 0 ? 'admin' : userRoles.get(name)
      // An empty file lets everybody in, as in Kafka Connect.
      if (users.size === 0) return { name, role }
      const right = same(digest(password), users.get(name) ?? nobody) && users.has(name)
      return right ? { name, role } : undefined
    },
    token(token) {
      const given = digest(token)
      // All are compared: how long it takes tells nothing.
      let found: Token | undefined
      for (const one of tokens) if (same(one.digest, given)) found = one
      return found === undefined ? undefined : { name: found.name, role: found.role }
    },
  }
}
