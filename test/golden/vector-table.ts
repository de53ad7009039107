/** How many cases of a class did what was captured, and how many differ on purpose (deviations.ts). */
export interface Line {
  passed: number
  waived: number
  failed: number
}

const columns = ['passed', 'waived', 'failed'] as const

/** A line per class, sorted, and one for all. */
export const tableText = (table: ReadonlyMap<string, Line>): string => {
  const all: Line = { passed: 0, waived: 0, failed: 0 }
  for (const line of table.values()) for (const column of columns) all[column] += line[column]
  const width = Math.max(5, ...[...table.keys()].map(name => name.length))
  const row = (name: string, cells: readonly (string | number)[]): string =>
    `${name.padEnd(width)} ${cells.map(cell => String(cell).padStart(7)).join('')}`
  return [
    row('class', columns),
    ...[...table].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, line]) => row(name, columns.map(one => line[one]))),
    row('all', columns.map(one => all[one])),
  ].join('\n')
}

/** The name under which a case is counted: its class without its package, or its file. */
export const countedAs = (className: string | undefined, file: string): string =>
  className?.replace(/^.*\./, '') ?? file.replace(/^.*\//, '')

/** The line of a name, made when it is new. */
export const lineOf = (table: Map<string, Line>, name: string): Line => {
  const line = table.get(name) ?? { passed: 0, waived: 0, failed: 0 }
  table.set(name, line)
  return line
}
