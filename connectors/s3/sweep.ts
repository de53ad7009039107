import type { Log } from 'millrace'
import { offsetOf, type Slot } from './layout.ts'
import { isDenied } from './problems.ts'
import type { ObjectStore } from './store.ts'

const deniedStores = new WeakSet<ObjectStore>()

/**
 * Aborts uploads that a crash left unfinished at a place: their parts cost storage and nobody completes them. Called before
 * anything is uploaded there, so none of them is our own. Needs s3:ListBucketMultipartUploads; without it a lifecycle rule
 * of the bucket has to do it, and the log says so once.
 */
export const sweepUploads = async (store: ObjectStore, slot: Slot, log: Log): Promise<void> => {
  if (deniedStores.has(store)) return
  try {
    for (const { key, uploadId } of await store.uploads(slot.before)) {
      if (offsetOf(slot, key) !== undefined) await store.abort(key, uploadId)
    }
  } catch (error) {
    if (!isDenied(error)) throw error
    deniedStores.add(store)
    log.warn(
      'Unfinished uploads of an earlier crash cannot be listed or aborted (allow s3:ListBucketMultipartUploads and s3:AbortMultipartUpload): let a lifecycle rule of the bucket abort incomplete multipart uploads',
    )
  }
}
