import { KafkaClientError } from '../errors.ts'

export interface JaasConfig {
  readonly loginModule: string
  readonly options: Readonly<Record<string, string>>
}

const problem = (reason: string): KafkaClientError =>
  // Never the text itself: it holds the password (invariant 10).
  new KafkaClientError(
    'CONFIG',
    `sasl.jaas.config: ${reason}; it must be: LoginModuleClass required name="value" ... ;`,
  )

const token =
  /\s*(?:\/\/[^\n]*|\/\*[\s\S]*?\*\/|"((?:\\[\s\S]|[^"\\])*)"|'((?:\\[\s\S]|[^'\\])*)'|([=;])|([^\s=;"']+))/y

/** Parses `sasl.jaas.config` as Kafka does: one login module, its control flag, options with values quoted or bare. */
export function parseJaas(text: string): JaasConfig {
  const tokens: string[] = []
  token.lastIndex = 0
  const end = text.trimEnd().length
  while (token.lastIndex < end) {
    const match = token.exec(text)
    if (match === null) throw problem('a quote is not closed')
    const quoted = match[1] ?? match[2]
    if (quoted !== undefined) tokens.push(`"${unescaped(quoted)}`)
    else if (match[3] !== undefined || match[4] !== undefined) tokens.push(match[3] ?? match[4]!)
  }
  const [loginModule, flag, ...rest] = tokens
  if (loginModule === undefined || flag === undefined) throw problem('the login module or its control flag is missing')
  if (!/^(required|requisite|sufficient|optional)$/i.test(flag)) throw problem('the control flag is not valid')
  if (rest.pop() !== ';') throw problem('the semicolon at the end is missing')
  if (rest.includes(';')) throw problem('only one login module is allowed')
  const options: Record<string, string> = {}
  for (let i = 0; i < rest.length; i += 3) {
    const [name, equals, value] = rest.slice(i, i + 3)
    if (equals !== '=' || value === undefined || value === '=') throw problem(`option ${i / 3 + 1} is not name="value"`)
    options[bare(name!)] = bare(value)
  }
  return { loginModule: bare(loginModule), options }
}

const bare = (text: string): string => (text.startsWith('"') ? text.slice(1) : text)

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' }

const unescaped = (text: string): string =>
  text.replace(/\\([\s\S])/g, (_, character: string) => escapes[character] ?? character)
