/** As the field of that setting in `config`: `none`, `avro` or `avro_unicode`. */
export type Adjustment = 'none' | 'avro' | 'avro_unicode'

const isDigit = (char: string): boolean => char >= '0' && char <= '9'

/** Avro knows letters, digits and underscores; avro_unicode keeps the underscore for its own escapes. */
const adjusted = (name: string, adjustment: Adjustment, dots: boolean): string => {
  if (adjustment === 'none') return name
  const isUnicode = adjustment === 'avro_unicode'
  const isLetter = (char: string) => /[A-Za-z]/.test(char) || (char === '_' && !isUnicode)
  const replaced = (char: string) => (isUnicode ? `_u${char.charCodeAt(0).toString(16).padStart(4, '0')}` : '_')
  let out = ''
  for (let at = 0; at < name.length; at++) {
    const char = name[at]!
    if (isLetter(char) || (at > 0 && (isDigit(char) || (dots && char === '.')))) out += char
    // A digit stays behind its underscore: names that begin with different ones must not become the same.
    else out += at === 0 && isDigit(char) && !isUnicode ? `_${char}` : replaced(char)
  }
  return out
}

/** Names of schemas: parts between dots are kept apart. */
export const schemaName = (name: string, adjustment: Adjustment): string => adjusted(name, adjustment, true)

export const fieldName = (name: string, adjustment: Adjustment): string => adjusted(name, adjustment, false)

const maxTopicLength = 249

export const topicName = (name: string): string => name.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, maxTopicLength)

/** A replacement in Java's notation (`$1`, `\$`) as JavaScript has it. */
const translatedReplacement = (text: string): string =>
  text.replace(/\\(.)|\$\{(\w+)\}/gs, (_, literal: string | undefined, group: string) =>
    literal === undefined ? `$<${group}>` : literal === '$' ? '$$' : literal,
  )

/** What a name becomes when the whole of it matches, otherwise the name. */
export const rewritten = (name: string, pattern: RegExp, replacement: string): string =>
  pattern.test(name) ? name.replace(pattern, translatedReplacement(replacement)) : name
