import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { S3Error } from './s3-error.ts'
import { SortedKeys } from './sorted-keys.ts'

/** A piece of an object's bytes: one file for a plain object, one per part for a multipart one. */
export interface Segment {
  readonly file: string
  readonly size: number
}

/** Everything that is fixed when an object or an upload begins. */
export interface ObjectHeaders {
  /** `content-type` and its like, `x-amz-meta-*`, server-side encryption: as they are given back. */
  readonly headers: Readonly<Record<string, string>>
  readonly tags?: Readonly<Record<string, string>>
}

export interface StoredObject extends ObjectHeaders {
  readonly key: string
  readonly size: number
  /** Without quotes. */
  readonly etag: string
  /** Milliseconds since the epoch. */
  readonly modified: number
  readonly segments: readonly Segment[]
  readonly checksum?: { readonly algorithm: string; readonly value: string }
  /** The upload it came from. */
  readonly uploadId?: string
}

export interface StoredPart {
  readonly number: number
  readonly size: number
  readonly etag: string
  readonly modified: number
  readonly file: string
  readonly checksum?: { readonly algorithm: string; readonly value: string }
}

export interface StoredUpload extends ObjectHeaders {
  readonly id: string
  readonly bucket: string
  readonly key: string
  readonly initiated: number
  readonly checksumAlgorithm?: string
  readonly parts: Map<number, StoredPart>
}

interface Bucket {
  readonly created: number
  readonly objects: Map<string, StoredObject>
  readonly keys: SortedKeys
}

const nameOf = (key: string): string => createHash('sha256').update(key).digest('hex')

/**
 * Buckets, objects and uploads in a folder:
 * `data/<id>` bytes, `buckets/<name>/<hash of key>.json` objects, `uploads/<id>/{upload,<part>}.json` uploads.
 * A description is written aside and renamed, so a process killed at any instant leaves the old object or the new one,
 * never half of one; bytes that no description names are removed at the next start.
 */
export class Store {
  readonly #dir: string
  readonly #buckets = new Map<string, Bucket>()
  readonly #uploads = new Map<string, StoredUpload>()
  readonly #locks = new Map<string, Promise<unknown>>()

  private constructor(dir: string) {
    this.#dir = dir
  }

  static async open(dir: string): Promise<Store> {
    const store = new Store(dir)
    for (const folder of ['data', 'buckets', 'uploads']) await mkdir(join(dir, folder), { recursive: true })
    await store.#load()
    return store
  }

  async #load(): Promise<void> {
    const named = new Set<string>()
    const completed = new Set<string>()
    for (const name of await readdir(join(this.#dir, 'buckets'))) {
      const objects = new Map<string, StoredObject>()
      let created = 0
      for (const file of await readdir(join(this.#dir, 'buckets', name))) {
        const path = join(this.#dir, 'buckets', name, file)
        if (file.endsWith('.new')) await unlink(path)
        else if (file === 'bucket') created = Number(await readFile(path, 'utf8'))
        else {
          const object = JSON.parse(await readFile(path, 'utf8')) as StoredObject
          objects.set(object.key, object)
          for (const segment of object.segments) named.add(segment.file)
          if (object.uploadId !== undefined) completed.add(object.uploadId)
        }
      }
      this.#buckets.set(name, { created, objects, keys: new SortedKeys(objects.keys()) })
    }
    for (const id of await readdir(join(this.#dir, 'uploads'))) {
      const folder = join(this.#dir, 'uploads', id)
      const files = await readdir(folder)
      // Killed between the object's appearance and the upload's removal: the object won.
      if (completed.has(id) || !files.includes('upload.json')) {
        await rm(folder, { recursive: true, force: true })
        continue
      }
      const upload = JSON.parse(await readFile(join(folder, 'upload.json'), 'utf8')) as Omit<StoredUpload, 'parts'>
      const parts = new Map<number, StoredPart>()
      for (const file of files) {
        if (!/^\d+\.json$/.test(file)) continue
        const part = JSON.parse(await readFile(join(folder, file), 'utf8')) as StoredPart
        parts.set(part.number, part)
        named.add(part.file)
      }
      this.#uploads.set(id, { ...upload, parts })
    }
    for (const file of await readdir(join(this.#dir, 'data'))) {
      if (!named.has(file)) await unlink(join(this.#dir, 'data', file))
    }
  }

  /** Changes to one name happen one after the other, so that disk and memory agree. */
  async #exclusively<T>(name: string, change: () => Promise<T>): Promise<T> {
    const before = this.#locks.get(name) ?? Promise.resolve()
    const mine = before.then(change, change)
    const settled = mine.catch(() => {})
    this.#locks.set(name, settled)
    try {
      return await mine
    } finally {
      if (this.#locks.get(name) === settled) this.#locks.delete(name)
    }
  }

  async #writeAside(path: string, value: unknown): Promise<void> {
    const aside = `${path}.${randomUUID()}.new`
    await writeFile(aside, JSON.stringify(value))
    await rename(aside, path)
  }

  #bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name)
    if (bucket === undefined) throw new S3Error('NoSuchBucket', undefined, { details: { BucketName: name } })
    return bucket
  }

  buckets(): readonly { readonly name: string; readonly created: number }[] {
    return [...this.#buckets]
      .map(([name, { created }]) => ({ name, created }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  checkBucket(name: string): void {
    this.#bucket(name)
  }

  async createBucket(name: string): Promise<void> {
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) throw new S3Error('InvalidBucketName')
    if (this.#buckets.has(name)) throw new S3Error('BucketAlreadyOwnedByYou')
    const created = Date.now()
    await mkdir(join(this.#dir, 'buckets', name), { recursive: true })
    await writeFile(join(this.#dir, 'buckets', name, 'bucket'), String(created))
    this.#buckets.set(name, { created, objects: new Map(), keys: new SortedKeys([]) })
  }

  async deleteBucket(name: string): Promise<void> {
    if (this.#bucket(name).objects.size > 0) throw new S3Error('BucketNotEmpty')
    this.#buckets.delete(name)
    for (const upload of this.#uploads.values()) if (upload.bucket === name) await this.abortUpload(upload)
    await rm(join(this.#dir, 'buckets', name), { recursive: true, force: true })
  }

  keys(bucket: string): SortedKeys {
    return this.#bucket(bucket).keys
  }

  find(bucket: string, key: string): StoredObject | undefined {
    return this.#bucket(bucket).objects.get(key)
  }

  object(bucket: string, key: string): StoredObject {
    const object = this.find(bucket, key)
    if (object === undefined) throw new S3Error('NoSuchKey', undefined, { details: { Key: key } })
    return object
  }

  /** A new data file; whoever opens it writes it, closes it and names it in a description, or calls `dropData`. */
  async newData(): Promise<{ file: string; handle: FileHandle }> {
    const file = randomUUID()
    return { file, handle: await open(this.dataPath(file), 'wx') }
  }

  dataPath(file: string): string {
    return join(this.#dir, 'data', file)
  }

  async dropData(file: string): Promise<void> {
    await rm(this.dataPath(file), { force: true })
  }

  /** Makes the object visible, unless `allowed` throws for what is there now. Readers of the old one keep their open files. */
  async put(bucket: string, object: StoredObject, allowed: (now: StoredObject | undefined) => void): Promise<void> {
    await this.#exclusively(`${bucket}/${object.key}`, async () => {
      const { objects, keys } = this.#bucket(bucket)
      const before = objects.get(object.key)
      allowed(before)
      await this.#writeAside(join(this.#dir, 'buckets', bucket, `${nameOf(object.key)}.json`), object)
      objects.set(object.key, object)
      if (before === undefined) keys.add(object.key)
      const kept = new Set(object.segments.map(segment => segment.file))
      for (const { file } of before?.segments ?? []) if (!kept.has(file)) await this.dropData(file)
    })
  }

  async delete(bucket: string, key: string): Promise<void> {
    await this.#exclusively(`${bucket}/${key}`, async () => {
      const { objects, keys } = this.#bucket(bucket)
      const object = objects.get(key)
      if (object === undefined) return
      await rm(join(this.#dir, 'buckets', bucket, `${nameOf(key)}.json`), { force: true })
      objects.delete(key)
      keys.delete(key)
      for (const { file } of object.segments) await this.dropData(file)
    })
  }

  async createUpload(upload: Omit<StoredUpload, 'id' | 'parts' | 'initiated'>): Promise<StoredUpload> {
    this.#bucket(upload.bucket)
    const made = { ...upload, id: randomUUID().replaceAll('-', ''), initiated: Date.now() }
    const folder = join(this.#dir, 'uploads', made.id)
    await mkdir(folder)
    await this.#writeAside(join(folder, 'upload.json'), made)
    const stored = { ...made, parts: new Map<number, StoredPart>() }
    this.#uploads.set(made.id, stored)
    return stored
  }

  upload(bucket: string, key: string, id: string): StoredUpload {
    this.#bucket(bucket)
    const upload = this.#uploads.get(id)
    if (upload === undefined || upload.bucket !== bucket || upload.key !== key) throw new S3Error('NoSuchUpload')
    return upload
  }

  uploads(bucket: string): readonly StoredUpload[] {
    this.#bucket(bucket)
    return [...this.#uploads.values()].filter(upload => upload.bucket === bucket)
  }

  /** The upload an existing object came from: completing it again answers as the first time. */
  completedFrom(bucket: string, key: string, id: string): StoredObject | undefined {
    const object = this.find(bucket, key)
    return object?.uploadId === id ? object : undefined
  }

  async putPart(upload: StoredUpload, part: StoredPart): Promise<void> {
    await this.#exclusively(`upload ${upload.id}`, async () => {
      if (!this.#uploads.has(upload.id)) throw new S3Error('NoSuchUpload')
      await this.#writeAside(join(this.#dir, 'uploads', upload.id, `${part.number}.json`), part)
      const before = upload.parts.get(part.number)
      upload.parts.set(part.number, part)
      if (before !== undefined) await this.dropData(before.file)
    })
  }

  /** The upload's parts become the object; parts that it does not name are removed. */
  async completeUpload(
    upload: StoredUpload,
    object: StoredObject,
    allowed: (now: StoredObject | undefined) => void,
  ): Promise<void> {
    await this.#exclusively(`upload ${upload.id}`, async () => {
      if (!this.#uploads.has(upload.id)) throw new S3Error('NoSuchUpload')
      await this.put(upload.bucket, { ...object, uploadId: upload.id }, allowed)
      await this.#forget(upload, new Set(object.segments.map(segment => segment.file)))
    })
  }

  async abortUpload(upload: StoredUpload): Promise<void> {
    await this.#exclusively(`upload ${upload.id}`, () => this.#forget(upload, new Set()))
  }

  async #forget(upload: StoredUpload, kept: ReadonlySet<string>): Promise<void> {
    this.#uploads.delete(upload.id)
    await rm(join(this.#dir, 'uploads', upload.id), { recursive: true, force: true })
    for (const { file } of upload.parts.values()) if (!kept.has(file)) await this.dropData(file)
  }
}
