import { buffer } from 'node:stream/consumers'
import type { Body, ObjectStore } from '../../../connectors/s3/store.ts'

/** What happens to a request: done and answered; not done and an error; done and the answer lost; the client dies before or after. */
export type Fate = 'ok' | 'refused' | 'unanswered' | 'dies-before' | 'dies-after'

const refused = () =>
  Object.assign(new Error('Please reduce your request rate.'), { name: 'SlowDown', $metadata: { httpStatusCode: 503 } })
const unanswered = () => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
const noSuchUpload = () =>
  Object.assign(new Error('no such upload'), { name: 'NoSuchUpload', $metadata: { httpStatusCode: 404 } })
const never = () => new Promise<never>(() => {})

/** A bucket in memory, shared by the clients that `connect` makes; each client's requests have fates. */
export class MemoryBucket {
  readonly objects = new Map<string, { readonly bytes: Buffer; readonly mark: string | undefined }>()
  readonly open = new Map<
    string,
    { readonly key: string; readonly mark: string; readonly parts: Map<number, Buffer> }
  >()
  #ids = 0

  /** `died` resolves when a fate killed the client; no request of it answers afterwards. */
  connect(fate: () => Fate): { readonly store: ObjectStore; readonly died: Promise<void> } {
    let dead = false
    const { promise: died, resolve } = Promise.withResolvers<void>()
    const die = () => {
      dead = true
      resolve()
      return never()
    }
    const request = async <T>(act: () => T | Promise<T>): Promise<T> => {
      await Promise.resolve()
      if (dead) return never()
      const what = fate()
      if (what === 'dies-before') return die()
      if (what === 'refused') throw refused()
      const done = await act()
      if (dead) return never()
      if (what === 'dies-after') return die()
      if (what === 'unanswered') throw unanswered()
      return done
    }
    const take = (body: Body) => buffer(body.open())
    const uploadOf = (id: string) => {
      const upload = this.open.get(id)
      if (upload === undefined) throw noSuchUpload()
      return upload
    }
    const store: ObjectStore = {
      put: async (key, body) => {
        const bytes = await take(body)
        return request(() => void this.objects.set(key, { bytes, mark: undefined }))
      },
      createUpload: (key, mark) =>
        request(() => {
          const id = String(++this.#ids)
          this.open.set(id, { key, mark, parts: new Map() })
          return id
        }),
      uploadPart: async (_, id, number, body) => {
        const bytes = await take(body)
        return request(() => {
          uploadOf(id).parts.set(number, bytes)
          return `etag-${number}`
        })
      },
      complete: (key, id, etags) =>
        request(() => {
          const { parts, mark } = uploadOf(id)
          const bytes = Buffer.concat(etags.map((_, index) => parts.get(index + 1)!))
          this.open.delete(id)
          this.objects.set(key, { bytes, mark })
        }),
      abort: (_, id) => request(() => void this.open.delete(id)),
      markOf: key => request(() => this.objects.get(key)?.mark),
      tag: () => request(() => {}),
      list: (prefix, startAfter) =>
        request(() =>
          [...this.objects.keys()]
            .filter(key => key.startsWith(prefix) && (startAfter === undefined || key > startAfter))
            .sort(),
        ),
      uploads: prefix =>
        request(() =>
          [...this.open]
            .filter(([, { key }]) => key.startsWith(prefix))
            .map(([uploadId, { key }]) => ({ key, uploadId })),
        ),
      probe: () => request(() => {}),
      close() {},
    }
    return { store, died }
  }
}
