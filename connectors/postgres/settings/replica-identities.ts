import { wholeName } from './patterns.ts'

/** One part of `replica.identity.autoset.values`. */
export const replicaIdentityPattern =
  /^\s*(?<tablepredicate>[^\s:]+):(?<replicaidentity>DEFAULT|(INDEX) (?<indexname>.\w*)|FULL|NOTHING)\s*$/i

export interface ReplicaIdentityRule {
  /** Matches `schema.table`. */
  readonly table: RegExp
  readonly identity: 'DEFAULT' | 'INDEX' | 'FULL' | 'NOTHING'
  /** Only with INDEX. */
  readonly index: string | undefined
}

/** The parts of `replica.identity.autoset.values`. */
export const replicaIdentityParts = (given: string | undefined): readonly string[] =>
  (given ?? '').split(',').filter(part => part.trim() !== '')

/** The rules; parts must have matched the pattern. */
export const replicaIdentityRules = (given: string | undefined): readonly ReplicaIdentityRule[] =>
  replicaIdentityParts(given).map(part => {
    const { tablepredicate = '', replicaidentity = '', indexname } = replicaIdentityPattern.exec(part)?.groups ?? {}
    const identity = replicaidentity.split(' ')[0]!.toUpperCase() as ReplicaIdentityRule['identity']
    return { table: wholeName(tablepredicate), identity, index: indexname }
  })
