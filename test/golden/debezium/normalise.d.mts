import type { Json } from './lossless-json.mjs'

export interface Context {
  readonly rename: (text: string) => string
  readonly txid: boolean
  readonly keepNames?: readonly string[]
  readonly notification?: boolean
}
export class Ordinals {}
export const normaliseValue: (value: Json, context: Context) => Json
export const normaliseHeader: (name: string, text: string | null, context: Context) => string | null
export const ordinals: (value: Json, ordinals: Ordinals) => Record<string, number> | null
