import { readFile, truncate } from 'node:fs/promises'
import type { Log } from 'millrace'
import { readSignal, type Signal } from './signal.ts'

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
      signals.push(readSignal(line))
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
