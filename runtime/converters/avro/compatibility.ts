import { type AvroType, isNamed, simpleName, typeName } from './model.ts'

// Schema resolution of the Avro specification: whether data of a writer can be read by a reader.

const widening: Readonly<Record<string, readonly string[]>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string'],
}

const namesMatch = (reader: AvroType, writer: AvroType): boolean =>
  !isNamed(reader) ||
  !isNamed(writer) ||
  simpleName(reader.name) === simpleName(writer.name) ||
  (reader.aliases ?? []).some(alias => alias === writer.name || simpleName(alias) === simpleName(writer.name))

class Comparison {
  /** Pairs under comparison: what holds itself is compatible unless something else is not. */
  readonly #open = new Map<AvroType, Set<AvroType>>()

  problems(reader: AvroType, writer: AvroType, path: string): string[] {
    const open = this.#open.get(reader) ?? new Set()
    if (open.has(writer)) return []
    this.#open.set(reader, open.add(writer))
    try {
      return this.#compare(reader, writer, path)
    } finally {
      open.delete(writer)
    }
  }

  #compare(reader: AvroType, writer: AvroType, path: string): string[] {
    const place = path === '' ? '/' : path
    if (writer.type === 'union')
      return writer.branches.flatMap(branch =>
        reader.type === 'union'
          ? this.#someBranch(reader.branches, branch, place)
          : this.problems(reader, branch, path),
      )
    if (reader.type === 'union') return this.#someBranch(reader.branches, writer, place)
    if (reader.type !== writer.type) {
      if (widening[writer.type]?.includes(reader.type) === true) return []
      return [`${place}: ${typeName(reader)} cannot read ${typeName(writer)}`]
    }
    if (isNamed(reader) && !namesMatch(reader, writer))
      return [`${place}: the name is ${reader.name}, it was ${typeName(writer)}`]
    switch (reader.type) {
      case 'array':
        return this.problems(reader.items, (writer as typeof reader).items, `${path}/items`)
      case 'map':
        return this.problems(reader.values, (writer as typeof reader).values, `${path}/values`)
      case 'fixed': {
        const { size } = writer as typeof reader
        return reader.size === size ? [] : [`${place}: the size is ${reader.size}, it was ${size}`]
      }
      case 'enum': {
        if (reader.default !== undefined) return []
        const gone = (writer as typeof reader).symbols.filter(symbol => !reader.symbols.includes(symbol))
        return gone.length === 0 ? [] : [`${place}: the symbols ${gone.join(', ')} are gone`]
      }
      case 'record': {
        const fields = (writer as typeof reader).fields
        return reader.fields.flatMap((field, index) => {
          const names = [field.name, ...(field.aliases ?? [])]
          const old = fields.find(({ name }) => names.includes(name))
          if (old !== undefined) return this.problems(field.type, old.type, `${path}/fields/${index}/type`)
          return 'default' in field
            ? []
            : [`${path}/fields/${index}: the field ${field.name} is new and has no default`]
        })
      }
      default:
        return []
    }
  }

  #someBranch(branches: readonly AvroType[], writer: AvroType, place: string): string[] {
    if (branches.some(branch => this.problems(branch, writer, place).length === 0)) return []
    return [`${place}: no branch of the union can read ${typeName(writer)}`]
  }
}

/** Why `reader` cannot read what `writer` wrote, one line each; empty: it can. */
export const avroProblems = (reader: AvroType, writer: AvroType): readonly string[] =>
  new Comparison().problems(reader, writer, '')

/** The same in one text; undefined: it can. */
export const avroIncompatibility = (reader: AvroType, writer: AvroType): string | undefined => {
  const problems = avroProblems(reader, writer)
  return problems.length === 0 ? undefined : problems.join('; ')
}
