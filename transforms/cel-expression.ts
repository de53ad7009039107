import { type ASTNode, Environment } from '@marcbachmann/cel-js'
import { ConfigError, type ConnectRecord, c, DataError, matchesWhole, regexProblem } from 'millrace'
import { celSchema, celValue, type Needed } from './cel-values.ts'

const howTo = `write it in CEL (https://cel.dev): value.op == 'u' && value.after.id > 100, value.before != null, has(value.after.name), topic.matches('.*orders'), header.tenant.value == 'a'`

const variables = ['value', 'key', 'keySchema', 'valueSchema', 'header', 'headers'] as const

// No loops but over what a record holds, and no more of an expression than a person writes.
const environment = new Environment({
  enableOptionalTypes: true,
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: 2000, maxDepth: 50, maxListElements: 1000, maxMapEntries: 1000, maxCallArguments: 32 },
}).registerVariable('topic', 'string')
for (const name of variables) environment.registerVariable(name, 'dyn')

/** The settings that all transforms with an expression have beside it. */
export const expressionConfig = {
  'topic.regex': c.string('Java regular expression of the topics this is for; records of others pass unchanged.', {
    optional: true,
    importance: 'LOW',
    check: regexProblem,
  }),
  language: c.string('The language of the expression: cel. The scripting languages of the JVM do not run here.', {
    default: 'cel',
    importance: 'HIGH',
    check: language =>
      ['cel', 'jsr223.cel'].includes(language.toLowerCase())
        ? undefined
        : `Only cel is available: set language to cel and ${howTo}`,
  }),
  'null.handling.mode': c.string('What becomes of records without a value: keep, drop or evaluate.', {
    values: ['keep', 'drop', 'evaluate'],
    ignoreCase: true,
    default: 'keep',
    importance: 'LOW',
  }),
} as const

const parsed = (expression: string) => {
  const evaluate = environment.parse(expression)
  const { valid, error } = evaluate.check()
  if (!valid) throw error
  return evaluate
}

/** For `check` of a setting that holds an expression: what is wrong with it, and what helps. */
export const expressionProblem = (expression: string): string | undefined => {
  try {
    parsed(expression)
    return undefined
  } catch (error) {
    return `It is no CEL expression (${(error as Error).message.split('\n')[0]}): ${howTo}`
  }
}

const isNode = (value: unknown): value is ASTNode => typeof value === 'object' && value !== null && 'op' in value

const partOf = (parts: Map<string, Needed>, name: string): Needed => {
  let part = parts.get(name)
  if (part === undefined) parts.set(name, (part = { all: false, members: new Map() }))
  return part
}

/** Notes what the expression reads of each variable: `value.after.id` needs that field only. */
const note = (needed: Map<string, Needed>, node: unknown): void => {
  if (Array.isArray(node)) {
    for (const item of node) note(needed, item)
    return
  }
  if (!isNode(node)) return
  const path: string[] = []
  let at: ASTNode = node
  while (at.op === '.' || at.op === '.?') {
    path.unshift(at.args[1])
    at = at.args[0]
  }
  if (at.op !== 'id') {
    note(needed, at.args)
    return
  }
  let part = partOf(needed, at.args)
  for (const step of path) part = partOf(part.members, step)
  part.all = true
}

/** A compiled expression: the record's answer. Throws DataError where it cannot be evaluated. */
export type Expression = (record: ConnectRecord) => unknown

const compile = (key: string, expression: string): Expression => {
  const problem = expressionProblem(expression)
  if (problem !== undefined)
    throw new ConfigError(`Invalid value ${expression} for configuration ${key}: ${problem}`, { key })
  const evaluate = parsed(expression)
  const needed = new Map<string, Needed>()
  note(needed, evaluate.ast)
  const readsHeaders = needed.has('header') || needed.has('headers')

  const headersOf = (record: ConnectRecord): unknown => {
    const headers = new Map<string, unknown>()
    // Of several headers with one name the last counts.
    for (const { key: name, schema, value } of record.headers ?? [])
      headers.set(name, { value: celValue(schema, value), schema: celSchema(schema) })
    return headers
  }

  return record => {
    const context: Record<string, unknown> = { topic: record.topic }
    const value = needed.get('value')
    const recordKey = needed.get('key')
    if (value !== undefined) context['value'] = celValue(record.valueSchema ?? null, record.value, value)
    if (recordKey !== undefined) context['key'] = celValue(record.keySchema ?? null, record.key, recordKey)
    if (needed.has('valueSchema')) context['valueSchema'] = celSchema(record.valueSchema)
    if (needed.has('keySchema')) context['keySchema'] = celSchema(record.keySchema)
    if (readsHeaders) context['header'] = context['headers'] = headersOf(record)
    try {
      return evaluate(context)
    } catch (cause) {
      throw new DataError(`${key}: ${(cause as Error).message.split('\n')[0]} in ${expression}`, { cause })
    }
  }
}

interface Settings {
  readonly topicRegex: string | undefined
  readonly nullHandlingMode: 'keep' | 'drop' | 'evaluate'
}

/** A transform that hands the records it is for to `decide`, with the expression of the setting `key`. */
export const withExpression = (
  { topicRegex, nullHandlingMode }: Settings,
  key: string,
  text: string,
  decide: (record: ConnectRecord, expression: Expression) => ConnectRecord | null,
): { apply(record: ConnectRecord): ConnectRecord | null } => {
  const expression = compile(key, text)
  const concerns = topicRegex ? matchesWhole(topicRegex) : () => true
  return {
    apply(record) {
      if (concerns(record.topic) === null) return record
      if (nullHandlingMode !== 'evaluate' && (record.value === null || record.value === undefined))
        return nullHandlingMode === 'drop' ? null : record
      return decide(record, expression)
    },
  }
}
