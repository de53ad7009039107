import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../log/file-io.ts'

const FORMAT = 1

/** What is remembered of a topic beside its partitions' logs. */
export interface StoredTopic {
  readonly name: string
  /** As Kafka writes uuids: 22 characters. */
  readonly id: string
  readonly partitions: number
  readonly configs: Readonly<Record<string, string>>
}

/**
 * `topics.json`: the truth about which topics exist. A partition's folder without an entry was left by a crash while its
 * topic was created (nothing was acknowledged) or deleted, and goes at the next start.
 */
export class TopicStore {
  readonly #file: string
  /** Holds a folder `<topic>-<partition>` for each. */
  readonly folder: string
  #writing: Promise<void> = Promise.resolve()

  constructor(dataDir: string) {
    this.#file = join(dataDir, 'topics.json')
    this.folder = join(dataDir, 'topics')
    mkdirSync(this.folder, { recursive: true })
  }

  partitionFolder(topic: string, partition: number): string {
    return join(this.folder, `${topic}-${partition}`)
  }

  /** Throws when the file is damaged, or missing beside folders with records: those must not be taken for leftovers. */
  read(): StoredTopic[] {
    if (!existsSync(this.#file)) {
      const folders = readdirSync(this.folder)
      if (folders.length === 0) return []
      throw new Error(`${this.#file} is missing, but ${this.folder} holds ${folders[0]}: restore it or move the folder`)
    }
    try {
      const { format, topics } = JSON.parse(readFileSync(this.#file, 'utf8')) as {
        format: number
        topics: StoredTopic[]
      }
      if (format !== FORMAT) throw new Error(`format ${format}, this version reads ${FORMAT}`)
      return topics
    } catch (error) {
      throw new Error(`${this.#file} cannot be read: ${(error as Error).message}`, { cause: error })
    }
  }

  /** Folders that belong to no topic. */
  leftovers(topics: readonly StoredTopic[]): string[] {
    const known = new Set<string>()
    for (const { name, partitions } of topics) {
      for (let partition = 0; partition < partitions; partition++) known.add(`${name}-${partition}`)
    }
    return readdirSync(this.folder)
      .filter(name => !known.has(name))
      .map(name => join(this.folder, name))
  }

  /** Resolves when durable. Calls are written in their order. */
  write(topics: readonly StoredTopic[]): Promise<void> {
    const content = JSON.stringify({ format: FORMAT, topics }, null, 1)
    const done = this.#writing.then(() => replaceFile(this.#file, content))
    this.#writing = done.catch(() => {})
    return done
  }
}
