const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

/** Lines as Java's Properties sees them: continued ones joined, comments and blank ones left out. */
const logicalLines = (text: string): string[] => {
  const lines: string[] = []
  let open: string | undefined
  for (const raw of text.split(/\r\n|\n|\r/)) {
    const line = raw.replace(/^[ \t\f]+/, '')
    if (open === undefined && (line === '' || line[0] === '#' || line[0] === '!')) continue
    const joined: string = (open ?? '') + line
    const backslashes = /\\*$/.exec(joined)![0].length
    if (backslashes % 2 === 1) open = joined.slice(0, -1)
    else {
      lines.push(joined)
      open = undefined
    }
  }
  if (open !== undefined) lines.push(open)
  return lines
}

const unescaped = (text: string): string =>
  text.replace(/\\(u[\da-fA-F]{4}|[\s\S])/g, (_, code: string) => {
    if (code.length === 5) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
    if (code === 'u') throw new SyntaxError('Malformed \\uxxxx encoding.')
    return escapes[code] ?? code
  })

/** Reads a .properties file as Java does: escapes, `=` `:` or blanks as separators, continued lines. The last of a key wins. */
export const parseProperties = (text: string): Record<string, string> => {
  const properties: Record<string, string> = Object.create(null)
  for (const line of logicalLines(text)) {
    const match = /^((?:\\[\s\S]|[^\\=: \t\f])*)[ \t\f]*(?:[=:][ \t\f]*)?([\s\S]*)$/.exec(line)!
    properties[unescaped(match[1]!)] = unescaped(match[2]!)
  }
  return { ...properties }
}
