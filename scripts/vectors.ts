// npm run vectors -- [DIR ...]: plays captured cases of transforms, predicates, converters and texts against ours. The format is that of
// test/golden, which is played without DIR. Ends with `N passed, N failed`, exit code 1 for a failure.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { deviations } from '../test/golden/deviations.ts'
import { check, loadCases } from '../test/golden/vector-cases.ts'
import { countedAs, type Line, lineOf, tableText } from '../test/golden/vector-table.ts'

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
    const line = lineOf(table, countedAs(one.class, base))
    const difference = await check(one)
    if (difference === undefined) line.passed++
    else if (Object.hasOwn(waivers, one.name)) line.waived++
    else {
      line.failed++
      console.log(`${file}: ${one.name}: ${difference.split('\n')[0]}`)
    }
  }
}

console.log(tableText(table))
const count = (column: keyof Line): number => [...table.values()].reduce((sum, line) => sum + line[column], 0)
console.log(`${count('passed')} passed, ${count('failed')} failed`)
process.exitCode = count('failed') > 0 ? 1 : 0
