/** Words of Java's regular expressions for sets of characters, as JavaScript has them. */
const classes: Readonly<Record<string, string>> = {
  Alpha: 'A-Za-z',
  Alnum: 'A-Za-z0-9',
  Digit: '0-9',
  Lower: 'a-z',
  Upper: 'A-Z',
  Punct: '!-\\/:-@\\[-`{-~',
  Space: '\\s',
  XDigit: '0-9A-Fa-f',
}

const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')

/** A regular expression of Java's as one of JavaScript's; throws SyntaxError for what has no counterpart. */
const translated = (pattern: string): string => {
  let inSet = false
  return pattern
    .replace(/\\Q(.*?)(?:\\E|$)/gs, (_, text: string) => literally(text))
    .replace(/^\(\?i\)/, '')
    .replace(/\\p\{(\w+)\}|\\[Azhv]|\\.|[[\]]|[*+?}]\+/gs, (part, name: string | undefined) => {
      if (part === '[') inSet = true
      else if (part === ']') inSet = false
      else if (name !== undefined) {
        const set = classes[name.replace(/^Is/, '')]
        if (set === undefined) throw new SyntaxError(`\\p{${name}} is not known here`)
        return inSet ? set : `[${set}]`
      } else if (part === '\\A') return '^'
      else if (part === '\\z') return '$'
      else if (part === '\\h') return inSet ? ' \\t' : '[ \\t]'
      else if (/^[*+?}]\+$/.test(part) && !inSet)
        throw new SyntaxError(`the possessive quantifier ${part} is not known here`)
      return part
    })
}

/** Matches whole names, without regard to case. */
export const wholeName = (pattern: string): RegExp => new RegExp(`^(?:${translated(pattern)})$`, 'is')

/** Matches whole names, as they are written. */
export const exactName = (pattern: string): RegExp => new RegExp(`^(?:${translated(pattern)})$`, 's')

/** Items of a list that are separated by commas without a backslash before them. */
export const listItems = (items: readonly string[] | undefined): readonly string[] =>
  (items ?? [])
    .join(',')
    .split(/(?<!\\),/)
    .map(item => item.trim().replaceAll('\\,', ','))
    .filter(item => item !== '')

export const wholeNames = (items: readonly string[] | undefined): readonly RegExp[] => listItems(items).map(wholeName)
