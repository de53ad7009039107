import type { Codec } from '../types/codec.ts'

/** One field of a row or key and where its text stands in what the server sends. */
export interface LayoutColumn {
  readonly name: string
  /** Its place in the COPY line or tuple. */
  readonly place: number
  readonly codec: Codec
  /** What SQL null becomes, and its JSON: null, the default, or what stands for a missing required value. */
  readonly missing: unknown
  readonly missingJson: Buffer
  /** What stands for a large value that the server left out because it did not change. */
  readonly unavailable: unknown
  readonly unavailableJson: Buffer
  /** `{"name":` or `,"name":` */
  readonly label: Buffer
}
