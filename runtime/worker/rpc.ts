import {
  ConfigError,
  ConnectError,
  DataError,
  isConfigError,
  isDataError,
  isRetriable,
  RetriableError,
} from '../api/errors.ts'

/** What both sides of a thread boundary have: a MessagePort, a Worker, or one end of a pair in the same thread. */
export interface Channel {
  postMessage(message: unknown): void
  on(event: 'message', listener: (message: unknown) => void): unknown
}

/** An error as plain data: its kind, texts and stack survive, so that the other side classifies and shows it the same. */
export interface PlainError {
  readonly kind: 'config' | 'data' | 'retriable' | 'connect' | 'other'
  readonly name: string
  readonly message: string
  readonly stack?: string
  readonly key?: string
  readonly cause?: PlainError
}

export const plainError = (error: unknown, depth = 0): PlainError => {
  if (!(error instanceof Error)) return { kind: 'other', name: 'Error', message: String(error) }
  const kind = isConfigError(error)
    ? 'config'
    : isDataError(error)
      ? 'data'
      : isRetriable(error)
        ? 'retriable'
        : error.name === 'ConnectError'
          ? 'connect'
          : 'other'
  return {
    kind,
    name: error.name,
    message: error.message,
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(isConfigError(error) && error.key !== undefined ? { key: error.key } : {}),
    ...(error.cause === undefined || depth > 5 ? {} : { cause: plainError(error.cause, depth + 1) }),
  }
}

export const realError = (plain: PlainError): Error => {
  const options = plain.cause === undefined ? {} : { cause: realError(plain.cause) }
  const make = (): Error => {
    if (plain.kind === 'config')
      return new ConfigError(plain.message, { ...options, ...(plain.key === undefined ? {} : { key: plain.key }) })
    if (plain.kind === 'data') return new DataError(plain.message, options)
    if (plain.kind === 'retriable') return new RetriableError(plain.message, options)
    if (plain.kind === 'connect') return new ConnectError(plain.message, options)
    const error = new Error(plain.message, options)
    error.name = plain.name
    return error
  }
  const error = make()
  if (plain.stack !== undefined) error.stack = plain.stack
  return error
}

type Methods = object
type Parameters_<F> = F extends (...args: infer P) => unknown ? P : never
type Answer<F> = F extends (...args: never[]) => infer R ? Awaited<R> : never

/** The other side's methods, each answering with a promise. */
export type Remote<M extends Methods> = {
  readonly [K in keyof M]: (...args: Parameters_<M[K]>) => Promise<Answer<M[K]>>
}

type Message =
  | { readonly call: number; readonly method: string; readonly args: readonly unknown[] }
  | { readonly answer: number; readonly value?: unknown; readonly error?: PlainError }

/**
 * Calls both ways over a channel, plain data only. `offer` makes what the other side may call. `close(reason)` fails what waits
 * for an answer, and every later call.
 */
export const connectRpc = <Theirs extends Methods>(
  channel: Channel,
  offer: (remote: Remote<Theirs>) => Methods,
): { readonly remote: Remote<Theirs>; close(reason: Error): void } => {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  let last = 0
  let closed: Error | undefined

  const serve = async (call: number, method: string, args: readonly unknown[]): Promise<void> => {
    try {
      const run = (methods as Readonly<Record<string, unknown>>)[method]
      if (typeof run !== 'function') throw new Error(`There is no method ${method}`)
      const value: unknown = await run.apply(methods, args)
      channel.postMessage({ answer: call, value })
    } catch (error) {
      channel.postMessage({ answer: call, error: plainError(error) })
    }
  }

  const remote = new Proxy({} as Remote<Theirs>, {
    get:
      (_, method) =>
      (...args: readonly unknown[]): Promise<unknown> =>
        new Promise((resolve, reject) => {
          if (closed !== undefined) return reject(closed)
          const call = ++last
          waiting.set(call, { resolve, reject })
          try {
            channel.postMessage({ call, method: String(method), args })
          } catch (error) {
            waiting.delete(call)
            reject(error)
          }
        }),
  })
  const methods = offer(remote)

  channel.on('message', data => {
    const message = data as Message
    if ('call' in message) {
      void serve(message.call, message.method, message.args)
      return
    }
    const asked = waiting.get(message.answer)
    waiting.delete(message.answer)
    if (message.error !== undefined) asked?.reject(realError(message.error))
    else asked?.resolve(message.value)
  })

  return {
    remote,
    close(reason) {
      closed = reason
      for (const { reject } of waiting.values()) reject(reason)
      waiting.clear()
    },
  }
}

/** Two ends in one thread (`task.threads=0`): messages are delivered in order, later, and copied as between threads. */
export const channelPair = (): readonly [Channel, Channel] => {
  const end = () => {
    const listeners: ((message: unknown) => void)[] = []
    return { listeners, peer: undefined as ((message: unknown) => void) | undefined }
  }
  const a = end()
  const b = end()
  const channel = (own: typeof a, other: typeof a): Channel => ({
    postMessage(message) {
      const copy: unknown = structuredClone(message)
      queueMicrotask(() => {
        for (const listener of other.listeners) listener(copy)
      })
    },
    on(_event, listener) {
      own.listeners.push(listener)
      return this
    },
  })
  return [channel(a, b), channel(b, a)]
}
