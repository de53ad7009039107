import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Parts } from '../bench.ts'
import { Witness } from '../witness.ts'
import type { KafkaPart } from './kafka.ts'
import { type PostgresPart, startDatabase } from './postgres.ts'
import { type S3Part, startObjectStore } from './s3.ts'

/** The servers of a bench, each started when it is first asked for. */
export class Servers {
  readonly #folder: string
  readonly #records: number
  readonly #stops: (() => Promise<unknown>)[] = []
  #database: Promise<PostgresPart> | undefined
  #store: Promise<S3Part> | undefined
  /** Which S3 server was used, if one was. */
  objectStoreKind: S3Part['kind'] | undefined

  constructor(folder: string, records: number) {
    this.#folder = folder
    this.#records = records
  }

  readonly #keep = <T>(part: Promise<T>, end: (part: T) => Promise<unknown>): Promise<T> =>
    part.then(value => {
      this.#stops.push(() => end(value))
      return value
    })

  readonly #startStore = async (): Promise<S3Part> => {
    const folder = join(this.#folder, 's3')
    await mkdir(folder)
    const store = await startObjectStore(folder)
    this.objectStoreKind = store.kind
    return store
  }

  /** What benchmarks on this broker use; `close` ends the broker too. */
  async on(start: Promise<KafkaPart>): Promise<Parts & { close(): Promise<void> }> {
    const kafka = await start
    const witness = await Witness.connect(kafka.bootstrap).catch(async error => {
      await kafka.stop()
      throw error
    })
    const made = new Map<string, Promise<unknown>>()
    return {
      kafka,
      witness,
      database: () => (this.#database ??= this.#keep(startDatabase(this.#records), server => server.stop())),
      objectStore: () => (this.#store ??= this.#keep(this.#startStore(), server => server.stop())),
      once<T>(key: string, make: () => Promise<T>): Promise<T> {
        const known = made.get(key) ?? make()
        made.set(key, known)
        return known as Promise<T>
      },
      async close() {
        await witness.close()
        await kafka.stop()
      },
    }
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop()
  }
}
