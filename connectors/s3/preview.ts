import type { PreviewedWrite, SinkContext, SinkRecord, TopicPartitionOffset } from 'millrace'
import { S3SinkTask, type TaskSettings } from './sink-task.ts'
import type { Body, ObjectStore } from './store.ts'

const bytesOf = async (body: Body): Promise<Buffer> => {
  const parts: Buffer[] = []
  for await (const part of body.open()) parts.push(Buffer.from(part as Uint8Array))
  return Buffer.concat(parts)
}

/** A store that keeps objects instead of sending them. */
const keepingStore = (objects: Map<string, Buffer>): ObjectStore => {
  const uploads = new Map<string, Buffer[]>()
  return {
    put: async (key, body) => void objects.set(key, await bytesOf(body)),
    createUpload: async key => {
      uploads.set(key, [])
      return key
    },
    uploadPart: async (key, _id, number, body) => {
      uploads.get(key)![number - 1] = await bytesOf(body)
      return String(number)
    },
    complete: async key => void objects.set(key, Buffer.concat(uploads.get(key)!)),
    abort: async key => void uploads.delete(key),
    markOf: async () => undefined,
    tag: async () => {},
    list: async () => [],
    uploads: async () => [],
    probe: async () => {},
    close: () => {},
  }
}

/** The objects that these records alone would become: the task itself, with a store that sends nothing. */
export const previewObjects = async (
  settings: TaskSettings,
  bucket: string,
  ctx: SinkContext,
  batch: readonly SinkRecord[],
): Promise<readonly PreviewedWrite[]> => {
  const objects = new Map<string, Buffer>()
  const task = new S3SinkTask({ ...settings, rotateOnFlush: true }, keepingStore(objects), ctx)
  const first = new Map<string, TopicPartitionOffset>()
  const next = new Map<string, TopicPartitionOffset>()
  for (const { original } of batch) {
    const name = `${original.topic}-${original.partition}`
    if (!first.has(name)) first.set(name, original)
    next.set(name, { ...original, offset: original.offset + 1 })
  }
  try {
    task.assigned([...first.values()])
    await task.write(batch)
    await task.flush([...next.values()])
  } finally {
    await task.close()
  }
  return Array.from(objects, ([key, content]) => ({ target: `s3://${bucket}/${key}`, content }))
}
