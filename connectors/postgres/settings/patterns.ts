import { wholeRegex } from 'millrace'

/** Matches whole names, without regard to case. Throws ConfigError for what is no pattern. */
export const wholeName = (pattern: string): RegExp => wholeRegex(pattern, 'i')

/** Matches whole names, as they are written. Throws ConfigError for what is no pattern. */
export const exactName = (pattern: string): RegExp => wholeRegex(pattern)

/** Items of a list that are separated by commas without a backslash before them. */
export const listItems = (items: readonly string[] | undefined): readonly string[] =>
  (items ?? [])
    .join(',')
    .split(/(?<!\\),/)
    .map(item => item.trim().replaceAll('\\,', ','))
    .filter(item => item !== '')

export const wholeNames = (items: readonly string[] | undefined): readonly RegExp[] => listItems(items).map(wholeName)
