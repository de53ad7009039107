import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface Call {
  readonly op: 'encode' | 'decode'
  readonly format: 'AVRO' | 'JSON' | 'PROTOBUF'
  readonly url: string
  readonly topic: string
  readonly schema?: string
  readonly references?: readonly { readonly name: string; readonly subject: string; readonly version: number }[]
  /** Protobuf: the root message's name, and the texts that the schema imports. */
  readonly message?: string
  readonly imports?: Readonly<Record<string, string>>
  /** Protobuf: the deserializer asks the registry for the schema, compiled. */
  readonly asks?: boolean
  readonly value?: unknown
  readonly bytes?: Uint8Array
}

/** Confluent's Python client, kept running. */
export const confluentClient = (python: string) => {
  const script = fileURLToPath(new URL('confluent-client.py', import.meta.url))
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'ignore'] })
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const call = async (request: Call): Promise<{ bytes?: string; value?: unknown }> => {
    const bytes = request.bytes === undefined ? {} : { bytes: Buffer.from(request.bytes).toString('base64') }
    child.stdin.write(`${JSON.stringify({ ...request, ...bytes })}\n`)
    const line = await answers.next()
    if (line.done) throw new Error("Confluent's client ended")
    const answer = JSON.parse(line.value) as { bytes?: string; value?: unknown; error?: string }
    if (answer.error !== undefined) throw new Error(answer.error)
    return answer
  }
  return {
    encode: async (request: Omit<Call, 'op'>): Promise<Buffer> =>
      Buffer.from((await call({ ...request, op: 'encode' })).bytes!, 'base64'),
    decode: async (request: Omit<Call, 'op'>): Promise<unknown> => (await call({ ...request, op: 'decode' })).value,
    async close(): Promise<void> {
      const ended = new Promise(resolve => child.once('exit', resolve))
      child.stdin.end()
      await ended
    },
  }
}
