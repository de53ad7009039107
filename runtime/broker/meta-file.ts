import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from './log/file-io.ts'
import { newTopicId } from './topics/topics.ts'

const FORMAT = 1

export interface Meta {
  readonly clusterId: string
  /** Ids below are taken, or may be. */
  readonly nextProducerId: number
}

/** `broker.json`: what the broker is, for as long as its folder lives. */
export class MetaFile {
  readonly #path: string
  #content: Meta

  private constructor(path: string, content: Meta) {
    this.#path = path
    this.#content = content
  }

  /** Made when it is not there. Throws when it is damaged, or belongs to another cluster than asked for. */
  static async open(dataDir: string, clusterId: string | undefined): Promise<MetaFile> {
    const path = join(dataDir, 'broker.json')
    if (!existsSync(path)) {
      const meta = new MetaFile(path, { clusterId: clusterId ?? newTopicId(), nextProducerId: 0 })
      await meta.update({})
      return meta
    }
    const content = readMeta(path)
    if (clusterId !== undefined && content.clusterId !== clusterId) {
      throw new Error(`${path} belongs to cluster ${content.clusterId}, not to ${clusterId}`)
    }
    return new MetaFile(path, content)
  }

  get content(): Meta {
    return this.#content
  }

  async update(change: Partial<Meta>): Promise<void> {
    const content = { ...this.#content, ...change }
    await replaceFile(this.#path, `${JSON.stringify({ format: FORMAT, ...content }, null, 1)}\n`)
    this.#content = content
  }
}

function readMeta(path: string): Meta {
  try {
    const { format, clusterId, nextProducerId } = JSON.parse(readFileSync(path, 'utf8')) as Meta & { format: number }
    if (format !== FORMAT) throw new Error(`format ${format}, this version reads ${FORMAT}`)
    return { clusterId, nextProducerId }
  } catch (error) {
    throw new Error(`${path} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}
