// npm run vectors -- [DIR ...]: plays captured cases of transforms, predicates, converters and texts against ours. The format is that of
// test/golden/smt and test/golden/converters, which are played without DIR. Ends with `N passed, N failed`, exit code 1 for a failure.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { deviations } from '../test/golden/deviations.ts'
import { check, loadCases } from '../test/golden/vector-cases.ts'

interface Line {
  passed: number
  waived: number
  failed: number
}

const golden = fileURLToPath(new URL('../test/golden', import.meta.url))

/** Files of cases below a folder, or the file itself. */
const filesIn = (path: string): readonly string[] => {
  if (!existsSync(path)) throw new Error(`There is no ${path}`)
  if (statSync(path).isFile()) return path.endsWith('.json') ? [path] : []
  return readdirSync(path)
    .toSorted()
    .flatMap(name => filesIn(join(path, name)))
}

const holdsCases = (path: string): boolean => {
  const json: unknown = JSON.parse(readFileSync(path, 'utf8'))
  return Array.isArray(json) && json.length > 0 && typeof json[0] === 'object' && json[0] !== null && 'op' in json[0]
}

const folders = process.argv.slice(2)
const paths = folders.length > 0 ? folders.map(folder => resolve(folder)) : [golden]
const table = new Map<string, Line>()
for (const path of paths.flatMap(filesIn).filter(holdsCases)) {
  const base = basename(path, '.json')
  const file = Object.hasOwn(deviations, base) ? base : `${basename(dirname(path))}/${base}`
  const waivers = deviations[file] ?? {}
  for (const one of loadCases(pathToFileURL(path))) {
    const name = one.class?.replace(/^.*\./, '') ?? basename(path, '.json')
    const line = table.get(name) ?? { passed: 0, waived: 0, failed: 0 }
    table.set(name, line)
    const difference = await check(one)
    if (difference === undefined) line.passed++
    else if (Object.hasOwn(waivers, one.name)) line.waived++
    else {
      line.failed++
      console.log(`${file}: ${one.name}: ${difference.split('\n')[0]}`)
    }
  }
}

const width = Math.max(5, ...[...table.keys()].map(name => name.length))
const row = (name: string, cells: readonly (string | number)[]) =>
  console.log(`${name.padEnd(width)} ${cells.map(cell => String(cell).padStart(7)).join('')}`)
row('class', ['passed', 'waived', 'failed'])
const total: Line = { passed: 0, waived: 0, failed: 0 }
for (const [name, line] of [...table].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
  row(name, [line.passed, line.waived, line.failed])
  for (const key of ['passed', 'waived', 'failed'] as const) total[key] += line[key]
}
row('all', [total.passed, total.waived, total.failed])
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed > 0 ? 1 : 0
