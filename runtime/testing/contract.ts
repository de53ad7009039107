import assert from 'node:assert/strict'
import type { ConfigSpec } from '../api/config.ts'
import type { Log } from '../api/context.ts'
import { parseConfig } from '../config/parse.ts'

/** How your test runner declares a test: `test` of vitest, node:test or Jest. */
export type DeclareTest = (title: string, run: () => Promise<void>) => void

/** Says nothing; contract tests read return values, not logs. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** A parsed config as a plugin gets it; an example that does not parse fails the test. */
export const parsedConfig = (spec: ConfigSpec, props: Readonly<Record<string, string>>): never => {
  const { config, problems } = parseConfig(spec, props)
  assert.deepEqual(problems, [], 'the configuration of the contract test has problems')
  return config as never
}

/** Fails when the promise has not settled within `ms`. */
export const within = async <T>(ms: number, what: string, promise: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new assert.AssertionError({ message: `${what} took more than ${ms} ms` })), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** What every plugin has to say of itself. */
export const checkDescription = (plugin: { class: string; version: string; doc: string; config: ConfigSpec }): void => {
  assert.match(plugin.class, /^[\w.$]+$/, 'class must look like a Java class name')
  assert.match(plugin.version, /^\d+\.\d+/, 'version must look like 1.2.3')
  assert.ok(plugin.doc.trim().length >= 10, 'doc must say what the plugin does')
  for (const [key, field] of Object.entries(plugin.config)) {
    assert.ok(field.doc.trim().length > 0, `${key} needs a documentation text`)
    if (field.type === 'PASSWORD') continue
    assert.ok(!/(^|[._-])(password|secret)$/.test(key), `${key} looks like a secret: declare it with c.password`)
  }
}
