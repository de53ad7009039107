import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

/** Who holds a lock: a process, told apart from a later one of the same id by when it began. */
interface Holder {
  readonly pid: number
  /** Ticks since boot and the boot's own id, where the system tells; null elsewhere. */
  readonly started: string | null
}

/**
 * Leaves a file that says who uses something. One left behind by a killed process is taken over. Returns what gives it
 * back. Throws `taken(pid)` when a living process holds it.
 */
export const lockFile = (path: string, taken: (pid: number) => Error): (() => void) => {
  const mine = JSON.stringify({ pid: process.pid, started: startOf(process.pid) } satisfies Holder)
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      writeFileSync(path, mine, { flag: 'wx' })
      return () => rmSync(path, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    takeAway(path, taken)
  }
  throw new Error(`${path} changes all the time: other processes are starting on it`)
}

const takeAway = (path: string, taken: (pid: number) => Error): void => {
  const content = readIfThere(path)
  if (content === null) return
  const holder = parse(content)
  if (holder !== null && isAlive(holder)) throw taken(holder.pid)
  // Renamed, not removed: if another process took it meanwhile, this is its lock, and it gets it back.
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

const readIfThere = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** null: a killed process wrote only a part of it. */
const parse = (content: string): Holder | null => {
  try {
    const { pid, started } = JSON.parse(content) as Holder
    return Number.isInteger(pid) && pid > 0 ? { pid, started } : null
  } catch {
    return null
  }
}

const isAlive = ({ pid, started }: Holder): boolean => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it is there, and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const now = startOf(pid)
  return started === null || now === null || now === started
}

const startOf = (pid: number): string | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    // The name in the second field may hold anything: count from behind its closing parenthesis.
    return `${boot}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch {
    // No /proc on this system: the id alone has to do.
    return null
  }
}
