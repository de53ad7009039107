import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { dirname } from 'node:path'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
type Members = { readonly [key: string]: Json }

export interface FileStep {
  readonly path: string
  readonly content: string | null
  readonly append?: boolean
}

export interface Step {
  readonly request?: {
    readonly method: string
    readonly path: string
    readonly query?: string
    readonly headers?: Readonly<Record<string, string | null>>
    readonly body?: Json
    readonly bodyRaw?: string
  }
  readonly response?: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: Json }
  readonly wait?: { readonly until: Readonly<Record<string, Json>> }
  readonly normalise?: readonly string[]
  readonly server?: string
  readonly 'record-headers'?: readonly string[]
  readonly file?: FileStep
  readonly 'read-file'?: { readonly path: string; readonly content: string; readonly until?: string }
  readonly sleep_ms?: number
  /** Statuses that mean: not now, ask again. */
  readonly 'retry-while'?: readonly number[]
}

export interface Scenario {
  readonly name: string
  readonly about: string
  readonly profile?: string
  readonly files?: readonly FileStep[]
  readonly cleanup?: readonly string[]
  readonly steps: readonly Step[]
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Json
}

export interface Place {
  readonly base: string
  readonly admin?: string
  /** Another worker of the cluster. */
  readonly second?: string
  /** A cluster's worker learns of a restart after it was answered: a status asked for at once may be of before, and nothing tells which it is. */
  readonly pauses?: boolean
  /** Stands for the captures' /var/data. */
  readonly folder: string
  /** Stands for the names' prefix `gr-`: a scenario's names are its own. */
  readonly prefix: string
}

const send = (
  base: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string | undefined,
): Promise<{ status: number; headers: Readonly<Record<string, string | string[] | undefined>>; text: string }> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base)
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const sent = httpRequest({ hostname, port, method, path, headers: { ...headers, ...length }, agent: false }, answer => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.on('error', reject)
      answer.on('end', () =>
        resolve({ status: answer.statusCode!, headers: answer.headers, text: Buffer.concat(parts).toString('utf8') }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })

const at = (value: Json, pointer: string): Json | undefined =>
  pointer
    .split('/')
    .slice(1)
    .reduce<Json | undefined>((inner, key) => {
      if (inner === undefined || inner === null || typeof inner !== 'object') return undefined
      if (Array.isArray(inner)) return key === 'length' ? inner.length : (inner[Number(key)] as Json | undefined)
      return (inner as Members)[key]
    }, value)

const isObject = (value: Json | undefined): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Additions of ours that the captures cannot have. */
const additions = new Set(['code', 'config_key', 'hint', 'progress', 'warnings'])

const placeholders: Readonly<Record<string, (value: Json) => Json>> = {
  worker_id: value => (value === '' ? '' : '<worker_id>'),
  trace: () => '<trace>',
  documentation: () => '<doc>',
  version: value => (value === null ? null : '<version>'),
  commit: () => '<commit>',
  kafka_cluster_id: () => '<cluster_id>',
  last_modified: value => (value === null ? null : '<timestamp>'),
}

/** What differs from run to run, and what we add, taken out. */
const settled = (value: Json, base: string): Json => {
  if (typeof value === 'string') {
    if (/^\d+\.\d+\.\d+(-[A-Za-z0-9.]+)?$/.test(value)) return '<version>'
    return value.replaceAll(base, '<base>')
  }
  if (Array.isArray(value)) return value.map(one => settled(one as Json, base))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !additions.has(key))
      .map(([key, one]) => [key, placeholders[key]?.(one) ?? settled(one, base)]),
  )
}

/** Texts whose wording belongs to Java's parser, its null pointers or its list of classes: only that there is one counts. */
const wording = (value: Json): Json => {
  if (!isObject(value) || typeof value['message'] !== 'string') return value
  const message = value['message']
  const java = /at \[Source: REDACTED|^Cannot invoke "|\(through reference chain:|^Unrecognized field|^The body is no JSON|^Cannot (deserialize|construct|read)/
  if (java.test(message)) return { ...value, message: '<parser>' }
  return { ...value, message: message.replace(/available connectors are: .*$/s, 'available connectors are: <list>') }
}

const ruled = (value: Json, rules: readonly string[]): Json => {
  let out = value
  for (const rule of rules) {
    const [name, argument = ''] = rule.includes(':') ? [rule.slice(0, rule.indexOf(':')), rule.slice(rule.indexOf(':') + 1)] : [rule]
    if (name === 'own-connectors' && Array.isArray(out))
      out = out.filter(one => typeof one === 'string' && one.startsWith('gr-')).sort() as Json
    else if (name === 'own-connectors' && isObject(out))
      out = Object.fromEntries(Object.entries(out).filter(([key]) => key.startsWith('gr-')))
    else if (name === 'sort') {
      const list = at(out, argument)
      if (Array.isArray(list)) (list as Json[]).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
    } else if (name === 'strip-exception-names' && isObject(out) && typeof out['message'] === 'string')
      out = { ...out, message: out['message'].replace(/^(org\.apache\.kafka\.[\w.]+Exception: )+/, '') }
    else if (name === 'plugins-only' && Array.isArray(out))
      out = out.filter(one => isObject(one as Json) && new RegExp(argument).test(String((one as Members)['class']))) as Json
    else if (name === 'keys-only') {
      const wanted = new RegExp(argument)
      if (isObject(out)) out = Object.fromEntries(Object.entries(out).filter(([key]) => wanted.test(key)))
    }
  }
  return out
}

/** Applied to the answer and to the capture alike. */
export const comparable = (body: Json, step: Step, base: string, installed: ReadonlySet<string>): Json =>
  onlyInstalled(wording(ruled(settled(body, base), step.normalise ?? [])), installed)

/** The captured worker has plugins that we have not, and the other way round: what lists them is compared where both have them. */
const onlyInstalled = (value: Json, installed: ReadonlySet<string>): Json => {
  if (Array.isArray(value)) {
    const list = value as readonly Json[]
    const plugins = list.length > 0 && list.every(one => isObject(one) && 'class' in one && 'type' in one)
    return (plugins ? list.filter(one => installed.has(String((one as Members)['class']))) : list).map(one =>
      onlyInstalled(one, installed),
    )
  }
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      key === 'recommended_values' && Array.isArray(one)
        ? one.filter(each => each === '<version>' || installed.has(String(each)))
        : onlyInstalled(one, installed),
    ]),
  )
}

/** Plays one scenario. `compare` throws for an answer that is not as it should be; a step that waits is asked again until it is. */
export const replay = async (
  scenario: Scenario,
  place: Place,
  skip: (step: number) => boolean,
  compare: (step: Step, number: number, answer: Answer) => void,
): Promise<void> => {
  const there = (text: string) => text.replaceAll('gr-', place.prefix).replaceAll('/var/data', place.folder)
  const back = (text: string) => text.replaceAll(place.prefix, 'gr-').replaceAll(place.folder, '/var/data')

  const put = ({ path, content, append }: FileStep): void => {
    const file = there(path)
    if (content === null) return rmSync(file, { force: true, recursive: true })
    mkdirSync(dirname(file), { recursive: true })
    if (append === true) appendFileSync(file, content)
    else writeFileSync(file, content)
  }

  const ask = async (step: Step): Promise<Answer> => {
    const { method, path, query, headers = {}, body, bodyRaw } = step.request!
    const text = bodyRaw ?? (body === undefined ? undefined : JSON.stringify(body))
    const sent: Record<string, string> = {}
    const typed = Object.keys(headers).some(name => name.toLowerCase() === 'content-type')
    if (text !== undefined && !typed) sent['content-type'] = 'application/json'
    for (const [name, value] of Object.entries(headers)) if (value !== null) sent[name] = value
    const base = step.server === 'admin' ? place.admin! : step.server === 'b' ? place.second! : place.base
    const whole = there(path + (query === undefined || query === '' ? '' : `?${query}`))
    const answer = await send(base, method, whole, sent, text === undefined ? undefined : there(text))
    const shown: Record<string, string> = {}
    for (const name of ['location', 'content-type', 'allow', ...(step['record-headers'] ?? [])]) {
      const value = answer.headers[name]
      if (value === undefined) continue
      shown[name] =
        name === 'allow'
          ? String(value).split(/,\s*/).sort().join(',')
          : back(String(value)).replaceAll(place.base, '<base>').replaceAll(place.second ?? place.base, '<base_b>')
    }
    const raw = back(answer.text)
    const page = /^<html/.test(raw) ? `<html page: ${/<title>(.*?)<\/title>/.exec(raw)?.[1] ?? ''}>` : undefined
    return { status: answer.status, headers: shown, body: raw === '' ? null : (page ?? parsed(raw)) }
  }

  for (const file of scenario.files ?? []) put(file)
  try {
    let patient = false
    for (const [index, step] of scenario.steps.entries()) {
      const number = index + 1
      if (step.sleep_ms !== undefined) patient = true
      if (step.sleep_ms !== undefined && place.pauses === true) await new Promise(resolve => setTimeout(resolve, step.sleep_ms))
      if (step.file !== undefined) put(step.file)
      if (step['read-file'] !== undefined) {
        const { path, content } = step['read-file']
        const file = there(path)
        await eventually(30_000, () => {
          const found = existsSync(file) ? readFileSync(file, 'utf8') : undefined
          if (found !== content) throw new Error(`step ${number}: ${path} holds ${JSON.stringify(found)}`)
        })
      }
      if (step.request === undefined) continue
      // What is known to differ is asked once: it would never agree.
      const again = (step.wait !== undefined || patient) && !skip(number) && step.request.method === 'GET'
      patient = false
      const busy = step['retry-while']
      const answered = async (): Promise<Answer> => {
        const answer = await ask(step)
        if (busy?.includes(answer.status) === true) throw new Error(`step ${number} is answered with ${answer.status}`)
        return answer
      }
      const check = async () => compare(step, number, await (busy === undefined ? ask(step) : eventually(20_000, answered)))
      await (again ? eventually(20_000, check) : check())
    }
  } finally {
    for (const name of scenario.cleanup ?? []) await send(place.base, 'DELETE', there(`/connectors/${name}`), {}, undefined)
    for (const { path } of scenario.files ?? []) rmSync(there(path), { force: true, recursive: true })
  }
}

const parsed = (raw: string): Json => {
  try {
    return JSON.parse(raw) as Json
  } catch {
    // A plain text is an answer too.
    return raw
  }
}

const eventually = async <T>(ms: number, check: () => T | Promise<T>): Promise<T> => {
  const end = Date.now() + ms
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (Date.now() > end) throw error
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }
}
