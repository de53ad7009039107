import type { Segment } from './store.ts'

/** What a route answers; `body` is XML or text, `file` the bytes of an object. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly file?: { readonly segments: readonly Segment[]; readonly start: number; readonly end: number }
}

export const xmlAnswer = (body: string, status = 200, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  body,
  headers: { 'content-type': 'application/xml', ...headers },
})

export const iso = (ms: number): string => new Date(ms).toISOString()
