/** What an element holds: text, child elements by name (an array repeats the element), or nothing. */
export type Content = string | number | boolean | undefined | { readonly [name: string]: Content | readonly Content[] }

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
}
const encodeText = (text: string): string => text.replace(/[&<>"\r]/g, sign => escapes[sign]!)

const render = (name: string, content: Content | readonly Content[]): string => {
  if (content === undefined) return ''
  if (Array.isArray(content)) return content.map(one => render(name, one)).join('')
  if (typeof content !== 'object') return `<${name}>${encodeText(String(content))}</${name}>`
  return `<${name}>${Object.entries(content)
    .map(([child, inner]) => render(child, inner))
    .join('')}</${name}>`
}

/** A whole document with S3's namespace; errors have none. */
export const element = (name: string, content: Content): string => {
  const body = render(name, content)
  const spaced =
    name === 'Error' ? body : body.replace(`<${name}>`, `<${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`)
  return `<?xml version="1.0" encoding="UTF-8"?>\n${spaced}`
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const decodeText = (text: string): string =>
  text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex?: string, decimal?: string, name?: string) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16))
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal))
    return entities[name ?? ''] ?? whole
  })

/**
 * The insides of every element of this name, in order. Enough for the flat lists that S3's request bodies are (no
 * element holds another of its own name); not a general XML parser.
 */
export const elements = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<(?:\\w+:)?${name}(?:\\s[^>]*)?>([\\s\\S]*?)</(?:\\w+:)?${name}>`, 'g'))].map(
    match => match[1]!,
  )

/** The text of the first element of this name. */
export const textOf = (xml: string, name: string): string | undefined => {
  const inner = elements(xml, name)[0]
  return inner === undefined ? undefined : decodeText(inner)
}
