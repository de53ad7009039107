import { execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

// Linux counts in clock ticks, nearly always 100 a second.
let ticks: number | undefined
const ticksPerSecond = (): number =>
  (ticks ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).trim()))

/** Fields of /proc/PID/stat after the command's name, which may hold spaces and brackets. */
export const statFields = (text: string): readonly string[] => text.slice(text.lastIndexOf(')') + 2).split(' ')

/** User and system seconds of a process, all its threads, ended ones included. */
export function cpuSeconds(pid: number): number {
  const fields = statFields(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond()
}

/** A number out of /proc/PID/status; sizes are in kB there. Throws when the process has no such line. */
export function statusNumber(text: string, key: string): number {
  const found = new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(text)
  if (found === null) throw new Error(`/proc/PID/status has no ${key}`)
  return Number(found[1])
}

const status = (pid: number, key: string): number => statusNumber(readFileSync(`/proc/${pid}/status`, 'utf8'), key)

/** Resident memory now, MB of 2^20 bytes. */
export const rssMb = (pid: number): number => status(pid, 'VmRSS') / 1024
/** The most it ever had. */
export const peakRssMb = (pid: number): number => status(pid, 'VmHWM') / 1024
export const threads = (pid: number): number => status(pid, 'Threads')

interface MachineTime {
  readonly idle: number
  readonly all: number
}

const machineTime = (): MachineTime => {
  const fields = readFileSync('/proc/stat', 'utf8').split('\n')[0]!.trim().split(/\s+/).slice(1, 9).map(Number)
  return { idle: fields[3]! + fields[4]!, all: fields.reduce((sum, value) => sum + value, 0) }
}

const busy = (from: MachineTime, to: MachineTime): number =>
  to.all === from.all ? 0 : 1 - (to.idle - from.idle) / (to.all - from.all)

/** Waits until under 15 % of the machine is in use, at most `seconds`. Returns the share that was in use at last, 0 to 1. */
export async function quiet(seconds: number): Promise<number> {
  const end = Date.now() + seconds * 1000
  for (;;) {
    const before = machineTime()
    await delay(seconds === 0 ? 50 : 1000)
    const share = busy(before, machineTime())
    if (share < 0.15 || Date.now() >= end) return share
  }
}

/** Resolves when a process hardly uses the CPU any more: what it does after its start has been done. At most 30 s. */
export async function settled(pid: number): Promise<void> {
  const end = Date.now() + 30_000
  let still = 0
  for (let before = cpuSeconds(pid); still < 4 && Date.now() < end; ) {
    await delay(250)
    const now = cpuSeconds(pid)
    still = now - before <= 0.02 ? still + 1 : 0
    before = now
  }
}

/** Starts counting what a process uses; the function it returns says what it used since, for so many records. */
export function measure(pid: number): (
  records: number,
  wallSeconds: number,
) => {
  readonly cpuSecondsPerMillion: number
  readonly recordsPerSecond: number
  readonly wallSeconds: number
  readonly cpuSeconds: number
  readonly peakRssMb: number
} {
  const before = cpuSeconds(pid)
  return (records, wallSeconds) => {
    const used = cpuSeconds(pid) - before
    return {
      cpuSecondsPerMillion: (used / records) * 1e6,
      recordsPerSecond: records / wallSeconds,
      wallSeconds,
      cpuSeconds: used,
      peakRssMb: peakRssMb(pid),
    }
  }
}

/** A program of ours or not, with its output in a file. */
export interface Child {
  readonly pid: number
  readonly logFile: string
  /** How it ended; undefined while it runs. */
  readonly ended: () => string | undefined
  /** What it printed so far. */
  output(): string
  /** SIGTERM, after `graceMs` SIGKILL; resolves when it is gone. */
  stop(graceMs?: number): Promise<void>
}

export async function startChild(
  command: readonly string[],
  logFile: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Child> {
  const log = await open(logFile, 'w')
  const child = spawn(command[0]!, command.slice(1), {
    stdio: ['ignore', log.fd, log.fd],
    env: { ...process.env, ...env },
  })
  let end: string | undefined
  const gone = new Promise<void>(resolve => {
    child.once('error', error => {
      end = `could not be started: ${error.message}`
      resolve()
    })
    child.once('exit', (code, signal) => {
      end = `ended with ${signal ?? code}`
      resolve()
    })
  })
  const killWithUs = () => child.kill('SIGKILL')
  process.prependOnceListener('exit', killWithUs)
  void gone.then(() => process.off('exit', killWithUs))
  await log.close()
  return {
    pid: child.pid ?? -1,
    logFile,
    ended: () => end,
    output: () => readFileSync(logFile, 'utf8'),
    async stop(graceMs = 20_000) {
      if (end !== undefined) return
      child.kill(graceMs > 0 ? 'SIGTERM' : 'SIGKILL')
      const late = setTimeout(() => child.kill('SIGKILL'), graceMs)
      await gone
      clearTimeout(late)
    },
  }
}

/** Tries until `attempt` gives something else than undefined. Throws with the end of the child's output when it ends or `ms` pass. */
export async function untilUp<T>(
  child: Child,
  what: string,
  ms: number,
  everyMs: number,
  attempt: () => Promise<T | undefined>,
): Promise<T> {
  const late = Date.now() + ms
  for (;;) {
    const found = await attempt()
    if (found !== undefined) return found
    if (child.ended() !== undefined || Date.now() > late) {
      throw new Error(`${what} ${child.ended() ?? `was not up after ${ms} ms`}:\n${child.output().slice(-3000)}`)
    }
    await delay(everyMs)
  }
}
