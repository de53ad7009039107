import { CodedError } from '../../base/errors.ts'
import type { SessionKey } from '../../stores/ports.ts'
import { signed } from './signing.ts'

type Tasks = readonly Readonly<Record<string, string>>[]

const timeoutMs = 90_000

/** Gives the leader the task configs of a connector. Throws Error with the leader's answer. */
export const pushTasks = async (
  leaderUrl: string,
  connector: string,
  tasks: Tasks,
  key: SessionKey | undefined,
  algorithm: string,
): Promise<void> => {
  const url = new URL(`connectors/${encodeURIComponent(connector)}/tasks`, leaderUrl)
  await send('POST', url, JSON.stringify(tasks), key, algorithm)
}

/** Asks the leader to fence the connector's earlier tasks. Throws Error with the leader's answer. */
export const requestFence = async (
  leaderUrl: string,
  connector: string,
  key: SessionKey | undefined,
  algorithm: string,
): Promise<void> => {
  const url = new URL(`connectors/${encodeURIComponent(connector)}/fence`, leaderUrl)
  await send('PUT', url, undefined, key, algorithm)
}

const send = async (
  method: string,
  url: URL,
  body: string | undefined,
  key: SessionKey | undefined,
  algorithm: string,
): Promise<void> => {
  const answer = await fetch(url, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(key !== undefined && signed(body ?? '', key, algorithm)),
    },
    ...(body !== undefined && { body }),
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`The leader at ${url.origin} answered ${answer.status}: ${text.slice(0, 500)}`)
}

/** Task configs of a request's body. Throws CodedError. */
export const tasksOf = (body: string): Tasks => {
  const malformed = (reason: string) =>
    new CodedError('INTERNAL', { reason: `Cannot read the task configs: ${reason}` })
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch (cause) {
    throw malformed((cause as Error).message)
  }
  if (!Array.isArray(json)) throw malformed('the body must be a list')
  for (const [task, props] of json.entries()) {
    if (typeof props !== 'object' || props === null) throw malformed(`task ${task} is no object`)
    const odd = Object.keys(props).find(key => typeof (props as Record<string, unknown>)[key] !== 'string')
    if (odd !== undefined) throw malformed(`the setting ${odd} of task ${task} is no text`)
  }
  return json as Tasks
}
