import { createRequire } from 'node:module'

const load = createRequire(import.meta.url)

interface Encoder {
  readonly buffer: Buffer
}

/** A request as kafkajs builds it: the same name, version and arguments as its own broker class uses. */
interface WitnessRequest {
  readonly request: { encode(): Promise<Encoder> }
  readonly response: { decode(raw: Buffer): Promise<Record<string, unknown>> }
}

export interface WitnessRecord {
  readonly offset: string
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Record<string, Buffer>
  readonly isControlRecord: boolean
}

/** kafkajs' internals that stand witness: it shares no code with ours. */
export const kafkajs = {
  request(folder: string, version: number, args: object): WitnessRequest {
    const index: { protocol(version: { version: number }): (args: object) => WitnessRequest } = load(
      `kafkajs/src/protocol/requests/${folder}`,
    )
    return index.protocol({ version })(args)
  },
  RecordBatch: load('kafkajs/src/protocol/recordBatch/v0').RecordBatch as (options: object) => Promise<Encoder>,
  Record: load('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => Encoder,
  decodeBatch(bytes: Buffer): Promise<{ readonly records: readonly WitnessRecord[]; readonly producerId: string }> {
    const Decoder: new (bytes: Buffer) => object = load('kafkajs/src/protocol/decoder')
    return load('kafkajs/src/protocol/recordBatch/v0/decoder')(new Decoder(bytes))
  },
  assigner: load('kafkajs/src/consumer/assignerProtocol') as {
    readonly MemberMetadata: {
      encode(value: object): Buffer
      decode(bytes: Buffer): { version: number; topics: string[]; userData: Buffer | null }
    }
    readonly MemberAssignment: {
      encode(value: object): Buffer
      decode(bytes: Buffer): { version: number; assignment: Record<string, number[]>; userData: Buffer | null }
    }
  },
}
