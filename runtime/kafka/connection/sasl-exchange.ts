/** One authentication, from the client's side. Errors it throws never hold a secret (invariant 10). */
export interface SaslExchange {
  first(): Promise<Buffer>
  /** What to answer to the broker's bytes; null: nothing more, we are satisfied. */
  next(challenge: Buffer): Promise<Buffer | null>
}

/** A configured mechanism; every connection begins an exchange of its own. */
export interface SaslMechanism {
  readonly name: string
  begin(): SaslExchange
}
