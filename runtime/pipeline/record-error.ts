import type { Stage } from './stage.ts'

/** An error of one record, with the stage and class in which it happened. */
export class RecordError extends Error {
  override readonly name = 'RecordError'
  readonly stage: Stage
  readonly className: string

  constructor(stage: Stage, className: string, cause: unknown) {
    super(`${stage} failed in ${className}`, { cause })
    this.stage = stage
    this.className = className
  }
}
