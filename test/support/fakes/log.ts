import type { Log } from '../../../runtime/api/context.ts'

export interface RecordingLog extends Log {
  readonly lines: { level: 'debug' | 'info' | 'warn' | 'error'; message: string; details?: unknown }[]
}

/** Keeps every line. */
export const recordingLog = (): RecordingLog => {
  const lines: RecordingLog['lines'] = []
  const at =
    (level: RecordingLog['lines'][number]['level']) =>
    (message: string, details?: unknown): void => {
      lines.push({ level, message, details })
    }
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
