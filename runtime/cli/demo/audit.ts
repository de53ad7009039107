import { gunzipSync } from 'node:zlib'
import type { S3Client } from '@aws-sdk/client-s3'
import { eventKey, type Shop } from './shop.ts'

/** What the objects say, row by row. */
export interface Audit {
  readonly objects: number
  readonly bytes: number
  readonly lines: number
  readonly missing: readonly string[]
  readonly unexpected: readonly string[]
  readonly twice: readonly string[]
  /** Rows whose last event differs from the table. */
  readonly different: readonly string[]
}

interface Row {
  readonly id: number
  readonly version: number
}

export const isClean = (audit: Audit): boolean =>
  audit.missing.length + audit.unexpected.length + audit.twice.length + audit.different.length === 0

/** Reads every object under the prefix and compares what is in it with what was written to the table. */
export const auditObjects = async (s3: S3Client, bucket: string, prefix: string, shop: Shop): Promise<Audit> => {
  const { GetObjectCommand, ListObjectsV2Command } = await import('@aws-sdk/client-s3')
  const seen = new Set<string>()
  const twice: string[] = []
  const state = new Map<number, Record<string, unknown>>()
  let objects = 0
  let bytes = 0
  let lines = 0
  let token: string | undefined
  do {
    const page = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }))
    // Names end in the padded start offset: their order is the order of the topic partition.
    for (const { Key } of page.Contents ?? []) {
      const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }))
      const body = await object.Body!.transformToByteArray()
      objects++
      bytes += body.length
      for (const line of gunzipSync(body).toString('utf8').split('\n')) {
        if (line === '') continue
        lines++
        const event = JSON.parse(line) as {
          op: string
          before: Row | null
          after: (Row & Record<string, unknown>) | null
        }
        const row = event.after ?? event.before!
        // A delete carries the key only: its version is that of the row it ends.
        const version =
          event.after === null ? ((state.get(row.id)?.['version'] as number | undefined) ?? 0) : row.version
        const key = eventKey(row.id, version, event.op === 'd' ? 'delete' : 'row')
        if (seen.has(key)) twice.push(key)
        seen.add(key)
        if (event.op === 'd') state.delete(row.id)
        else state.set(row.id, event.after!)
      }
    }
    token = page.NextContinuationToken
  } while (token !== undefined)
  const rows = await shop.rows()
  const different = [...new Set([...rows.keys(), ...state.keys()])].filter(id => {
    const row = rows.get(id)
    const last = state.get(id)
    return row === undefined || last === undefined || Object.entries(row).some(([name, value]) => last[name] !== value)
  })
  return {
    objects,
    bytes,
    lines,
    missing: [...shop.expected].filter(key => !seen.has(key)),
    unexpected: [...seen].filter(key => !shop.expected.has(key)),
    twice,
    different: different.map(String),
  }
}
