import { DataError, hashOrder, quoteJson, s } from 'millrace'
import { type Codec, parsedCodec, type TextSource } from './codec.ts'

export type HstoreMode = 'json' | 'map'

/** An element of an array: its text, null, or an array in the array. */
type Element = string | null | readonly Element[]

/** Reads `{a,"b c",NULL,{..}}`; leading bounds as in `[2:3]={..}` are skipped. */
const parseArray = (text: string, delimiter: string): readonly Element[] => {
  let pos = text.startsWith('[') ? text.indexOf('=') + 1 : 0
  const fail = (): never => {
    throw new DataError('A value is no array as PostgreSQL prints them')
  }
  const quotedElement = (): string => {
    let out = ''
    for (pos++; text[pos] !== '"'; pos++) {
      if (text[pos] === '\\') pos++
      if (pos >= text.length) return fail()
      out += text[pos]
    }
    pos++
    return out
  }
  const array = (): readonly Element[] => {
    const items: Element[] = []
    if (text[pos++] !== '{') return fail()
    if (text[pos] === '}') {
      pos++
      return items
    }
    for (;;) {
      if (text[pos] === '{') items.push(array())
      else if (text[pos] === '"') items.push(quotedElement())
      else {
        const from = pos
        while (pos < text.length && text[pos] !== delimiter && text[pos] !== '}') pos++
        const bare = text.slice(from, pos)
        items.push(bare === 'NULL' ? null : bare)
      }
      const next = text[pos++]
      if (next === '}') return items
      if (next !== delimiter) return fail()
    }
  }
  return array()
}

/**
 * An array of one dimension. `element` reads plain text ('array'). An array within the array has no form in the schema: its
 * place is null. As in Debezium, an element that cannot be shown makes the whole array null, as does a null among required ones.
 */
export const arrayCodec = (element: Codec, source: TextSource, optionalItems: boolean, delimiter: string): Codec => {
  const schema = s.array(element.schema.with({ optional: optionalItems }))
  const bound = { factor: element.factor + element.extra + 5, extra: 2 }
  return parsedCodec(schema, source, bound, text => {
    const values: unknown[] = []
    // int2vector and oidvector print no braces: Debezium shows them empty.
    if (text[0] !== '{' && text[0] !== '[') return values
    for (const item of parseArray(text, delimiter)) {
      const bytes = typeof item === 'string' ? Buffer.from(item) : undefined
      const value = bytes === undefined ? null : element.value(bytes, 0, bytes.length)
      if (value === null && (bytes !== undefined || !optionalItems)) return null
      values.push(value)
    }
    return values
  })
}

/** Reads `"k"=>"v", "n"=>NULL`; the keys in the order in which Java's HashMap has them. */
export const parseHstore = (text: string): Map<string, string | null> => {
  const entries = new Map<string, string | null>()
  const pattern = /"((?:[^"\\]|\\.)*)"=>(?:"((?:[^"\\]|\\.)*)"|NULL)/gsy
  const plain = (part: string) => part.replace(/\\(.)/gs, '$1')
  for (let pos = 0; pos < text.length; pos = pattern.lastIndex + 2) {
    pattern.lastIndex = pos
    const match = pattern.exec(text)
    if (match === null) throw new DataError('A value is no hstore as PostgreSQL prints them')
    entries.set(plain(match[1]!), match[2] === undefined ? null : plain(match[2]))
  }
  return new Map(hashOrder(entries.keys()).map(key => [key, entries.get(key) ?? null]))
}

export const hstoreCodec = (mode: HstoreMode, source: TextSource): Codec => {
  if (mode === 'map') {
    const schema = s.map(s.string(), s.string({ optional: true }))
    return parsedCodec(schema, source, { factor: 6, extra: 8 }, parseHstore)
  }
  const schema = s.string({ name: 'io.debezium.data.Json', version: 1 })
  return parsedCodec(schema, source, { factor: 14, extra: 8 }, text => hstoreJson(parseHstore(text)))
}

export const hstoreJson = (entries: ReadonlyMap<string, string | null>): string =>
  `{${[...entries].map(([key, value]) => `${quoteJson(key, true)}:${value === null ? 'null' : quoteJson(value, true)}`).join()}}`

const pointSchema = s.struct(
  { x: s.float64(), y: s.float64(), wkb: s.bytes({ optional: true }), srid: s.int32({ optional: true }) },
  { name: 'io.debezium.data.geometry.Point', version: 1, doc: 'Geometry (POINT)' },
)

/** `(1.5,-2)`; WKB is little endian: byte order, type 1, x, y. */
export const pointCodec = (source: TextSource): Codec => ({
  ...parsedCodec(pointSchema, source, { factor: 4, extra: 128 }, text => {
    const match = /^\(([^,]+),([^)]+)\)$/.exec(text)
    if (match === null) throw new DataError(`${text} is no point`)
    const x = Number(match[1])
    const y = Number(match[2])
    const wkb = Buffer.alloc(21)
    wkb[0] = 1
    wkb.writeUInt32LE(1, 1)
    wkb.writeDoubleLE(x, 5)
    wkb.writeDoubleLE(y, 13)
    return { x, y, wkb, srid: null }
  }),
})
