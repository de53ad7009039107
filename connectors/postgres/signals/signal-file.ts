import { readFile, truncate } from 'node:fs/promises'
import type { Log } from 'millrace'
import type { Signal } from './signal.ts'

const signalOf = (line: string): Signal => {
  const { id, type, data } = JSON.parse(line) as Readonly<Record<string, unknown>>
  if (id === undefined || type === undefined) throw new Error('id or type is missing')
  return { id: String(id), type: String(type), data: typeof data === 'string' ? data : JSON.stringify(data ?? {}) }
}

/** The signals in a file, one JSON object a line, which is then emptied. No such file: none. */
export const takeSignals = async (file: string, log: Log): Promise<readonly Signal[]> => {
  let text: string
  try {
    text = await readFile(file, 'utf8')
    if (text !== '') await truncate(file)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'EISDIR') return []
    throw new Error(`The signal file ${file} cannot be read and emptied: ${(error as Error).message}`, { cause: error })
  }
  const signals: Signal[] = []
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    try {
      signals.push(signalOf(line))
    } catch (error) {
      log.warn('A line of the signal file is no signal and was left out', {
        file,
        line: line.slice(0, 200),
        reason: (error as Error).message,
      })
    }
  }
  return signals
}
