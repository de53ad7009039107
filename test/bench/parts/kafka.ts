export interface KafkaPart {
  readonly kind: 'embedded' | 'apache'
  readonly bootstrap: string
  readonly pid: number
  stop(): Promise<void>
}
