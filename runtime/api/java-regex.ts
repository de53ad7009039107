import { ConfigError } from './errors.ts'

// What Java's syntax has and JavaScript's lacks or reads otherwise. Translated where there is an equal, else refused.
const posix: Readonly<Record<string, string>> = {
  Lower: 'a-z',
  Upper: 'A-Z',
  Alpha: 'a-zA-Z',
  Digit: '0-9',
  Alnum: 'a-zA-Z0-9',
  XDigit: '0-9a-fA-F',
  Space: ' \\t\\n\\x0B\\f\\r',
  Punct: '!-\\/:-@\\[-`{-~',
  Blank: ' \\t',
  ASCII: '\\x00-\\x7F',
  Cntrl: '\\x00-\\x1F\\x7F',
  Graph: '!-~',
  Print: ' -~',
}

// Java knows one line end more than JavaScript.
const notLineEnd = '[^\\n\\r\\u0085\\u2028\\u2029]'

const refuse = (pattern: string, what: string): never => {
  throw new ConfigError(
    `The regular expression ${pattern} uses ${what}, which is not supported here: rewrite it without`,
  )
}

// Classes that JavaScript reads otherwise, or not at all.
const classes: Readonly<Record<string, string>> = {
  s: ' \\t\\n\\x0B\\f\\r',
  h: ' \\t\\xA0\\u1680\\u180E\\u2000-\\u200A\\u202F\\u205F\\u3000',
  v: '\\n\\x0B\\f\\r\\x85\\u2028\\u2029',
}

const isProperty = (name: string): boolean => {
  try {
    return new RegExp(`\\p{${name}}`, 'u') !== undefined
  } catch {
    return false
  }
}

/** What stands at the start of `rest`, a backslash and more: as JavaScript has it, and how long it is in Java. */
const translateEscape = (
  pattern: string,
  rest: string,
  inClass: boolean,
): { readonly source: string; readonly length: number } => {
  const setOf = (members: string, negated: boolean, length: number) => {
    if (inClass && negated) refuse(pattern, `${rest.slice(0, length)} inside a class`)
    return { source: inClass ? members : `[${negated ? '^' : ''}${members}]`, length }
  }
  const property = /^\\([pP])\{(?:Is)?([A-Za-z]+)\}/.exec(rest)
  if (property !== null) {
    const [whole, p, name] = property as unknown as [string, string, string]
    const named = posix[name]
    return named === undefined
      ? { source: `\\${p}{${isProperty(name) ? name : `Script=${name}`}}`, length: whole.length }
      : setOf(named, p === 'P', whole.length)
  }
  // The short form of a category: \pL.
  if (/^\\[pP][A-Z]/.test(rest)) return { source: `${rest.slice(0, 2)}{${rest[2]}}`, length: 3 }
  const char = rest[1] ?? refuse(pattern, 'a backslash at its end')
  const members = classes[char.toLowerCase()]
  if (members !== undefined) return setOf(members, char !== char.toLowerCase(), 2)
  if (char === 'A') return { source: '(?<![\\s\\S])', length: 2 }
  if (char === 'z' || char === 'Z') return { source: '(?![\\s\\S])', length: 2 }
  if (/[GXRNae]/.test(char)) return refuse(pattern, rest.slice(0, 2))
  const codePoint = /^\\x\{([\da-fA-F]+)\}/.exec(rest)
  if (codePoint !== null) return { source: `\\u{${codePoint[1]}}`, length: codePoint[0].length }
  // Java takes any escaped punctuation; with the u flag JavaScript takes only what has a meaning.
  const keeps = /[A-Za-z\d^$\\.*+?()[\]{}|/]/.test(char) || (inClass && char === '-')
  return { source: keeps ? `\\${char}` : char, length: 2 }
}

/**
 * A Java regular expression as one of JavaScript that matches the same. Possessive quantifiers, atomic groups and class
 * intersections are refused by name rather than read differently. Throws ConfigError.
 */
export const javaRegex = (pattern: string, flags = ''): RegExp => {
  let source = ''
  let on = flags
  let inClass = false
  // For each open group, whether it is a look-around.
  const groups: boolean[] = []
  for (let at = 0; at < pattern.length; at++) {
    const rest = pattern.slice(at)
    const inline = at === 0 ? /^\(\?([imsu]+)\)/.exec(rest) : null
    if (inline !== null) {
      on += inline[1]
      // Without (?u) Java ignores the case of ASCII letters only; JavaScript knows no such mode.
      if (on.includes('i') && !on.includes('u') && /[^\x00-\x7F]/.test(pattern))
        refuse(pattern, '(?i) with letters beyond ASCII (Java ignores their case only with (?iu))')
      at += inline[0].length - 1
    } else if (rest.startsWith('\\Q')) {
      const end = pattern.indexOf('\\E', at + 2)
      const literal = pattern.slice(at + 2, end < 0 ? undefined : end)
      source += literal.replace(inClass ? /[\\^[\]-]/g : /[\\^$.*+?()[\]{}|/]/g, '\\$&')
      at = end < 0 ? pattern.length : end + 1
    } else if (pattern[at] === '\\') {
      const translated = translateEscape(pattern, rest, inClass)
      source += translated.source
      at += translated.length - 1
    } else if (inClass) {
      if (rest.startsWith('&&')) refuse(pattern, 'an intersection of classes (&&)')
      if (pattern[at] === '[') refuse(pattern, 'a class inside a class')
      if (pattern[at] === ']') inClass = false
      source += pattern[at]
    } else if (pattern[at] === '[') {
      inClass = true
      source += '['
      if (pattern[at + 1] === '^') source += pattern[++at]
      if (pattern[at + 1] === ']') {
        source += '\\]'
        at++
      }
    } else if (rest.startsWith('(?>')) refuse(pattern, 'an atomic group')
    else if (pattern[at] === '(') {
      const looks = /^\(\?<?[=!]/.test(rest)
      groups.push(looks)
      // JavaScript repeats a look-around only inside a group.
      source += looks ? `(?:${rest[0]}` : rest[0]
    } else if (pattern[at] === ')') source += groups.pop() === true ? '))' : ')'
    else {
      const [quantifier, possessive] = /^(?:[*+?]|\{\d+(?:,\d*)?\})(\+)?/.exec(rest) ?? []
      if (possessive !== undefined) refuse(pattern, 'a possessive quantifier')
      const taken = quantifier ?? pattern[at]!
      // Brackets that close nothing stand for themselves in Java.
      if (taken === '.' && !on.includes('s')) source += notLineEnd
      else source += taken === ']' || taken === '}' ? `\\${taken}` : taken
      at += taken.length - 1
    }
  }
  try {
    return new RegExp(source, [...new Set(`${on}u`)].join(''))
  } catch (cause) {
    throw new ConfigError(`Invalid regex: ${javaReason(pattern, (cause as Error).message)}`, { cause })
  }
}

/** What is wrong, where and a pointer at it, in the words of Java's Pattern for the faults that its users know; else ours with the pattern. */
const javaReason = (pattern: string, reason: string): string => {
  const at = (words: string, index: number): string =>
    `${words} near index ${index}\n${pattern}${index < pattern.length ? `\n${' '.repeat(index)}^` : ''}`
  if (/Unterminated character class/.test(reason)) return at('Unclosed character class', pattern.length - 1)
  if (/Unterminated group/.test(reason)) return at('Unclosed group', pattern.length)
  const dangling = /(?:^|[(|]|[^\\][*+?][*+?]?)([*+?])/.exec(pattern)
  if (/Nothing to repeat/.test(reason) && dangling !== null)
    return at(`Dangling meta character '${dangling[1]}'`, dangling.index + dangling[0].length - 1)
  if (/Unmatched '\)'/.test(reason)) return at("Unmatched closing ')'", Math.max(0, pattern.indexOf(')') - 1))
  return `${reason.replace(/^Invalid regular expression: /, '')}: ${pattern}`
}

/** One that matches whole texts only, as Java's `matches`. Throws ConfigError. */
export const wholeRegex = (pattern: string, flags = ''): RegExp => {
  const regex = javaRegex(pattern, flags)
  return new RegExp(`^(?:${regex.source})$`, regex.flags.replace('m', ''))
}

/** Whether the whole text matches, as Java's `matches`. */
export const matchesWhole = (pattern: string): ((text: string) => RegExpExecArray | null) => {
  const whole = wholeRegex(pattern)
  return text => whole.exec(text)
}

/** Why a pattern cannot be used; undefined when it can. For the `check` of a setting. */
export const regexProblem = (pattern: string): string | undefined => {
  try {
    javaRegex(pattern)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** Java's replacement text: `$1`, `${name}`, and `\` before a literal. Throws for a group that is not there. */
export const javaReplacement = (replacement: string, match: RegExpExecArray): string => {
  let out = ''
  for (let at = 0; at < replacement.length; at++) {
    const char = replacement[at]!
    if (char === '\\') {
      const next = replacement[++at]
      if (next === undefined) throw new ConfigError('character to be escaped is missing')
      out += next
    } else if (char === '$') {
      const named = /^\$\{([A-Za-z][A-Za-z\d]*)\}/.exec(replacement.slice(at))
      if (named !== null) {
        const name = named[1]!
        if (match.groups === undefined || !(name in match.groups)) throw new ConfigError(`No group with name {${name}}`)
        out += match.groups[name] ?? ''
        at += named[0].length - 1
        continue
      }
      const first = /\d/.exec(replacement[at + 1] ?? '')?.[0]
      if (first === undefined) throw new ConfigError('Illegal group reference')
      let group = Number(first)
      if (group >= match.length) throw new ConfigError(`No group ${group}`)
      at++
      // More digits belong to the number as long as there is such a group.
      while (/\d/.test(replacement[at + 1] ?? '') && group * 10 + Number(replacement[at + 1]) < match.length)
        group = group * 10 + Number(replacement[++at])
      out += match[group] ?? ''
    } else out += char
  }
  return out
}
