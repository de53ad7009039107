import type { PluginKind } from '../api/define.ts'

/** Where a plugin is, plain data: every thread loads the same from it. */
export interface PluginLocation {
  readonly class: string
  readonly kind: PluginKind
  readonly version: string
  /** URL of the module; a version query makes a changed file a new one. */
  readonly url: string
  readonly exportName: string
}
