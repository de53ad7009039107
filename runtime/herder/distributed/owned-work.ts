import type { ConnectAssignment } from './connect-protocol.ts'
import type { Work } from './work.ts'

export interface Change {
  /** To be stopped before anything else. */
  readonly release: readonly Work[]
  readonly owned: ReadonlySet<Work>
  /** Join again at once: what was released is there for others to have. */
  readonly rejoin: boolean
}

/** What an assignment means for a worker. Eager ones are absolute, cooperative ones say what changes. Pure. */
export const applyAssignment = (
  owned: ReadonlySet<Work>,
  given: Pick<ConnectAssignment, 'assigned' | 'revoked'>,
  cooperative: boolean,
): Change => {
  if (!cooperative) {
    const next = new Set(given.assigned)
    return { release: [...owned].filter(work => !next.has(work)), owned: next, rejoin: false }
  }
  const revoked = new Set(given.revoked)
  const release = [...owned].filter(work => revoked.has(work))
  const kept = [...owned].filter(work => !revoked.has(work))
  return { release, owned: new Set([...kept, ...given.assigned]), rejoin: revoked.size > 0 }
}

/** What to do with an assignment, by the offsets of the config topic that it was made of and that we have read. */
export type Agreement = 'apply' | 'read' | 'reread-and-join'

export const agreement = (
  given: { readonly mismatch: boolean; readonly configOffset: number },
  own: number,
): Agreement => (given.mismatch ? 'reread-and-join' : own < given.configOffset ? 'read' : 'apply')
