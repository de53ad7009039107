export class Num {
  constructor(raw: string)
  raw: string
}
export type Json = null | boolean | string | Num | readonly Json[] | ReadonlyMap<string, Json>
export const parse: (text: string) => Json
export const fromJs: (value: unknown) => Json
export const compact: (value: Json) => string
export const pretty: (value: Json) => string
