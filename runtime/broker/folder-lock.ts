import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Who holds a folder: a process, told apart from a later one of the same id by when it began. */
interface Holder {
  readonly pid: number
  /** Ticks since boot and the boot's own id, where the system tells; null elsewhere. */
  readonly started: string | null
}

/**
 * Two brokers on one folder would write over each other: the first one leaves a file `lock` there. One left behind by a
 * killed process is taken over. Returns what gives the folder back. Throws when another process has it.
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'lock')
  const mine = JSON.stringify({ pid: process.pid, started: startOf(process.pid) } satisfies Holder)
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      writeFileSync(path, mine, { flag: 'wx' })
      return () => rmSync(path, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    takeAway(path, folder)
  }
  throw new Error(`${path} changes all the time: other brokers are starting in this folder`)
}

function takeAway(path: string, folder: string): void {
  const content = readIfThere(path)
  if (content === null) return
  const holder = parse(content)
  if (holder !== null && isAlive(holder)) {
    throw new Error(
      `${folder} is used by the broker of process ${holder.pid}: stop it, or give this one another folder`,
    )
  }
  // Renamed, not removed: if another broker took the folder meanwhile, this is its lock, and it gets it back.
  const stale = `${path}.${process.pid}`
  try {
    renameSync(path, stale)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  if (readIfThere(stale) !== content) linkSync(stale, path)
  rmSync(stale, { force: true })
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** null: a killed process wrote only a part of it. */
function parse(content: string): Holder | null {
  try {
    const { pid, started } = JSON.parse(content) as Holder
    return Number.isInteger(pid) && pid > 0 ? { pid, started } : null
  } catch {
    return null
  }
}

function isAlive({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it is there, and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const now = startOf(pid)
  return started === null || now === null || now === started
}

function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    // The name in the second field may hold anything: count from behind its closing parenthesis.
    return `${boot}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch {
    return null
  }
}
