import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** This checkout. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

const real = join(root, '.real')

/** The jars of Apache Kafka and Kafka Connect, when they are there (`scripts/real-parts.mjs` brings them). */
export const kafkaJars = (): string | undefined => {
  const named = process.env['MILLRACE_KAFKA_LIBS']
  if (named !== undefined && named !== '') return named
  return existsSync(join(real, 'kafka', '.complete')) ? join(real, 'kafka') : undefined
}

/** The versitygw program, when it is there. */
export const versitygwProgram = (): string | undefined => {
  const named = process.env['MILLRACE_VERSITYGW']
  if (named !== undefined && named !== '') return named
  const built = join(real, 'bin', 'versitygw')
  return existsSync(built) ? built : undefined
}

/** What scripts/real-parts.mjs offers; plain JavaScript, so said here. */
export interface RealParts {
  kafkaLibs(): string
  debeziumLibs(): string
}

export const realParts = async (): Promise<RealParts> =>
  (await import(new URL('../../scripts/real-parts.mjs', import.meta.url).href)) as RealParts
