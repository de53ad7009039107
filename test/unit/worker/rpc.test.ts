import { MessageChannel } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { ConfigError, ConnectError, DataError, isRetriable, RetriableError } from '../../../runtime/api/errors.ts'
import { channelPair, connectRpc, plainError, realError } from '../../../runtime/worker/rpc.ts'

interface Theirs {
  add(a: number, b: number): number
  fail(): never
  callBack(): Promise<string>
}

const open: { close(): void }[] = []
afterEach(() => {
  for (const port of open.splice(0)) port.close()
})

const ends = {
  'of one thread': () => channelPair(),
  'of message ports': () => {
    const { port1, port2 } = new MessageChannel()
    open.push(port1, port2)
    return [port1, port2] as const
  },
}

describe.each(Object.entries(ends))('rpc over ends %s', (_, make) => {
  const setup = () => {
    const [a, b] = make()
    connectRpc<{ name(): string }>(b, remote => ({
      add: (x: number, y: number) => x + y,
      fail: () => {
        throw new ConfigError('no such host', { key: 'host', cause: new Error('ENOTFOUND') })
      },
      callBack: async () => `hello ${await remote.name()}`,
    }))
    return connectRpc<Theirs & { missing(): void }>(a, () => ({ name: () => 'main' }))
  }

  it('answers, both ways', async () => {
    const { remote } = setup()
    expect(await remote.add(2, 3)).toBe(5)
    expect(await remote.callBack()).toBe('hello main')
  })

  it('throws what the other side threw, of the same kind', async () => {
    const { remote } = setup()
    const error = await remote.fail().catch((error: unknown) => error)
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toMatchObject({ message: 'no such host', key: 'host', cause: { message: 'ENOTFOUND' } })
    await expect(remote.missing()).rejects.toThrow('There is no method missing')
  })

  it('fails what waits when it is closed, and refuses what cannot be sent', async () => {
    const rpc = setup()
    await expect(rpc.remote.add((() => 1) as never, 2)).rejects.toThrow()
    const waiting = rpc.remote.add(1, 2)
    rpc.close(new Error('the thread is gone'))
    await expect(waiting).rejects.toThrow('the thread is gone')
    await expect(rpc.remote.add(1, 2)).rejects.toThrow('the thread is gone')
  })
})

describe('errors as plain data', () => {
  it.each([new ConnectError('a'), new DataError('b'), new RetriableError('c'), new TypeError('d')])(
    'keeps the kind of %s',
    error => {
      const copy = realError(structuredClone(plainError(error)))
      expect(copy.name).toBe(error.name)
      expect(copy.stack).toBe(error.stack)
      expect(isRetriable(copy)).toBe(isRetriable(error))
    },
  )

  it('takes anything thrown', () => {
    expect(realError(plainError('just text')).message).toBe('just text')
  })
})
