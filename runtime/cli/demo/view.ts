/** One look at the pipeline, left to right. */
export interface Snapshot {
  readonly phase: string
  readonly elapsedMs: number
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
  /** Events that must arrive. */
  readonly expected: number
  readonly produced: number
  readonly committed: number
  readonly objects: number
  readonly objectBytes: number
  readonly latest: readonly string[]
  readonly tasks: readonly { readonly name: string; readonly state: string; readonly trace?: string }[]
  readonly workerMb: number
}

export interface View {
  show(snapshot: Snapshot): void
  say(line: string): void
  close(): void
}

const number = (value: number): string => value.toLocaleString('en-US')
const megabytes = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`

/** Lines for logs and pipes: one a second, only when something moved. */
export const plainView = (write: (text: string) => void): View => {
  let last = ''
  let lastAt = Number.NEGATIVE_INFINITY
  return {
    show(now) {
      const text = `rows +${number(now.inserted)} ~${number(now.updated)} -${number(now.deleted)} | topic ${number(now.produced)} of ${number(now.expected)} | delivered ${number(now.committed)} | objects ${number(now.objects)} (${megabytes(now.objectBytes)})`
      if (text === last || now.elapsedMs - lastAt < 1000) return
      last = text
      lastAt = now.elapsedMs
      write(`${(now.elapsedMs / 1000).toFixed(1).padStart(6)} s  ${text}\n`)
    },
    say: line => write(`${line}\n`),
    close() {},
  }
}

const esc = '\u001b['
const paint = (code: string) => (text: string) => `${esc}${code}m${text}${esc}0m`
const dim = paint('2')
const bold = paint('1')
const blue = paint('38;5;75')
const amber = paint('38;5;215')
const green = paint('38;5;114')
const red = paint('38;5;203')

const plainLength = (text: string): number => text.replace(/\u001b\[[\d;]*m/g, '').length
const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - plainLength(text)))
const eighths = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉']
const bar = (share: number, width: number): string => {
  const full = Math.max(0, Math.min(1, share)) * width
  const whole = Math.floor(full)
  return (
    '█'.repeat(whole) + (whole < width ? eighths[Math.floor((full - whole) * 8)]! + '·'.repeat(width - whole - 1) : '')
  )
}
const sparks = '▁▂▃▄▅▆▇█'
const sparkline = (values: readonly number[]): string => {
  const max = Math.max(1, ...values)
  return values.map(value => sparks[Math.min(7, Math.floor((value / max) * 7.99))]).join('')
}

/** A picture that redraws itself in place. */
export const liveView = (stream: NodeJS.WriteStream): View => {
  let drawn = 0
  let tick = 0
  const history: number[] = []
  let before: Snapshot | undefined
  const clear = () => {
    if (drawn > 0) stream.write(`${esc}${drawn}A${esc}0J`)
    drawn = 0
  }
  stream.write(`${esc}?25l`)
  const column = 24
  const box = (title: string, lines: readonly string[], color: (text: string) => string): string[] => [
    color(`╭─ ${bold(title)}${color(` ${'─'.repeat(column - title.length - 3)}╮`)}`),
    ...lines.map(line => `${color('│')} ${pad(line, column - 2)} ${color('│')}`),
    color(`╰${'─'.repeat(column)}╯`),
  ]
  const flow = (moving: boolean, color: (text: string) => string): string => {
    const dots = [0, 1, 2, 3].map(at => (moving && (tick + 4 - at) % 4 === 0 ? '●' : '─')).join('')
    return color(`${dots}▶`)
  }
  const draw = (now: Snapshot) => {
    tick++
    const seconds = Math.max(0.05, (now.elapsedMs - (before?.elapsedMs ?? 0)) / 1000)
    const rate = Math.max(0, (now.committed - (before?.committed ?? 0)) / seconds)
    history.push(rate)
    if (history.length > 20) history.shift()
    const left = box(
      'PostgreSQL',
      [
        `${green('+')} ${number(now.inserted)} inserted`,
        `${amber('~')} ${number(now.updated)} updated`,
        `${red('-')} ${number(now.deleted)} deleted`,
        dim('public.orders'),
      ],
      blue,
    )
    const middle = box(
      'topic',
      [
        `${number(now.produced)} records`,
        blue(bar(now.produced / Math.max(1, now.expected), 20)),
        `${number(now.committed)} delivered`,
        green(bar(now.committed / Math.max(1, now.produced), 20)),
      ],
      amber,
    )
    const right = box(
      'S3',
      [
        `${number(now.objects)} objects`,
        megabytes(now.objectBytes),
        now.latest.length === 0 ? '' : dim(`…${now.latest.at(-1)!.slice(-20)}`),
        '',
      ],
      green,
    )
    const sourceMoves = now.produced !== before?.produced
    const sinkMoves = now.committed !== before?.committed || now.objects !== before?.objects
    const lines = left.map((line, index) => {
      const arrow = index === 3
      return `  ${line}${arrow ? flow(sourceMoves, blue) : '     '}${middle[index]}${arrow ? flow(sinkMoves, green) : '     '}${right[index]}`
    })
    const tasks = now.tasks
      .map(
        task =>
          `${task.state === 'RUNNING' ? green('●') : task.state === 'FAILED' ? red('●') : dim('○')} ${task.name} ${dim(task.state.toLowerCase())}`,
      )
      .join('   ')
    const foot = `  ${tasks}   ${dim(`worker ${now.workerMb.toFixed(0)} MB   ${(now.elapsedMs / 1000).toFixed(1)} s`)}`
    const rates = `  ${green(sparkline(history))} ${number(Math.round(rate))} records/s to S3   ${dim(now.phase)}`
    clear()
    const text = ['', ...lines, '', rates, foot, '']
    stream.write(`${text.join('\n')}\n`)
    drawn = text.length
    before = now
  }
  return {
    show: draw,
    say(line) {
      clear()
      stream.write(`${line}\n`)
    },
    close() {
      stream.write(`${esc}?25h`)
    },
  }
}
