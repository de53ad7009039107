import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { lockFile } from '../base/file-lock.ts'

/**
 * Two brokers on one folder would write over each other: the first one leaves a file `lock` there. One left behind by a
 * killed process is taken over. Returns what gives the folder back. Throws when another process has it.
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true })
  return lockFile(
    join(folder, 'lock'),
    pid => new Error(`${folder} is used by the broker of process ${pid}: stop it, or give this one another folder`),
  )
}
