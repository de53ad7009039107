import { DataError } from '../../api/errors.ts'

/** When a rule runs. */
export type RulePhase = 'READ' | 'WRITE'

interface Rule {
  readonly name?: string
  readonly type?: string
  readonly mode?: string
  readonly onFailure?: string | null
  readonly disabled?: boolean
}

/** Rules beside a registered schema, as the registry tells them. */
export interface RuleSet {
  readonly domainRules?: readonly Rule[] | null
  readonly encodingRules?: readonly Rule[] | null
}

/** What happens when it cannot run: of two actions the first is for writing, the second for reading. */
const passesOver = ({ onFailure, mode }: Rule, phase: RulePhase): boolean => {
  const actions = (onFailure ?? '').split(',')
  const index = mode === 'WRITEREAD' && phase === 'READ' && actions.length > 1 ? 1 : 0
  return actions[index]!.trim() === 'NONE'
}

/**
 * Refuses a schema with rules that would have to run: a value that is to be encrypted or checked must not pass as it is
 * (invariant 9). Throws DataError.
 */
export const refuseRules = (rules: RuleSet | null | undefined, phase: RulePhase): void => {
  for (const rule of [...(rules?.domainRules ?? []), ...(rules?.encodingRules ?? [])]) {
    const runs = rule.disabled !== true && (rule.mode === phase || rule.mode === 'WRITEREAD')
    if (!runs || passesOver(rule, phase)) continue
    throw new DataError(
      `The registered schema has the rule ${rule.name} of type ${rule.type} for ${phase === 'READ' ? 'reading' : 'writing'}, and rules cannot run here: disable it, or have records without it in a subject of their own`,
    )
  }
}
