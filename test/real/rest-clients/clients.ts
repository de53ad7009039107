import { join } from 'node:path'
import type { StepName } from './life-cycle.ts'

/** A client that others wrote, and our small program that leads a connector through its life with it. */
export interface Client {
  readonly name: string
  /** The command; the assignment is added as its last argument. */
  program(): readonly string[]
  /** What it says: all that the client can do. */
  readonly steps: readonly StepName[]
  /** How it ends at Apache Kafka Connect, where it does. */
  readonly endsAtApache?: RegExp
}

/** In the folder that scripts/real-parts.mjs installs clients into. */
const installed = (...path: readonly string[]): string => join(process.env['MILLRACE_REST_CLIENTS']!, ...path)

export const clients: readonly Client[] = [
  {
    name: 'npm kafka-connect-client',
    program: () => [process.execPath, 'node-client.ts', installed('npm')],
    // It names a form's content type for the body that its PUTs do not have.
    endsAtApache: /status code 415[\s\S]*"task status"/,
    steps: [
      'server',
      'plugin',
      'validated',
      'unauthorized',
      'missing',
      'invalid',
      'created',
      'duplicate',
      'running',
      'listed',
      'info',
      'config',
      'task',
      'task status',
      'paused',
      'resumed',
      'restarted',
      'restarted with tasks',
      'restarted task',
      'stopped',
      'offsets',
      'offsets altered',
      'offsets reset',
      'changed',
      'deleted',
      'gone',
    ],
  },
  {
    name: 'PyPI kafka-connect-py',
    program: () => [installed('python', 'bin', 'python'), 'python/kafka_connect_py.py'],
    steps: [
      'server',
      'plugin',
      'validated',
      'unauthorized',
      'missing',
      'invalid',
      'created',
      'duplicate',
      'running',
      'listed',
      'expanded',
      'info',
      'config',
      'task',
      'task status',
      'topics',
      'topics reset',
      'paused',
      'resumed',
      'restarted',
      'restarted with tasks',
      'restarted task',
      'stopped',
      'changed',
      'deleted',
      'gone',
    ],
  },
  {
    name: 'kpops',
    program: () => [installed('python', 'bin', 'python'), 'python/kpops_connect.py'],
    steps: [
      'validated',
      'unauthorized',
      'absent',
      'invalid',
      'created paused',
      'running',
      'info',
      'paused',
      'resumed',
      'changed',
      'offsets while it runs',
      'stopped',
      'absent',
      'absent',
    ],
  },
]
