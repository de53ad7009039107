import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { untested } from './untested.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter(file => file !== '' && existsSync(join(root, file)))
const code = tracked.filter(file => /\.(ts|mjs|cjs)$/.test(file) && !file.startsWith('test/golden/'))

test('every folder of the runtime has its floor, in the rules and on the map', () => {
  const { forbidden } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
    forbidden: { name: string; comment: string }[]
  }
  const map = readFileSync(join(root, 'runtime/README.md'), 'utf8')
  const folders = readdirSync(join(root, 'runtime')).filter(name => statSync(join(root, 'runtime', name)).isDirectory())
  for (const folder of folders) {
    const rule = forbidden.find(({ name }) => name.endsWith(`-${folder}`) && name.startsWith('floor-'))
    expect(rule, `runtime/${folder} has no floor in .dependency-cruiser.cjs`).toBeDefined()
    expect(map, `runtime/${folder} is not on the map`).toContain(`\`${folder}/\``)
    const floor = rule!.name.split('-')[1]
    expect(map, `the map has another floor for ${folder}`).toMatch(new RegExp(`\\| ${floor} \\| \`${folder}/\``))
  }
  for (const { name, comment } of forbidden) expect(comment.trim(), name).not.toBe('')
})

test('no file has more than 500 lines', () => {
  const long = code
    .map(file => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length - 1 }))
    .filter(({ lines }) => lines > 500)
  expect(long).toEqual([])
})

test('no dumping ground', () => {
  expect(code.filter(file => /(^|\/)(utils?|helpers?|common|misc|shared)(\/|\.[a-z]+$)/.test(file))).toEqual([])
})

test('unit tests mirror the tree', () => {
  const tests = tracked.filter(file => /^test\/unit\/.*\.test\.ts$/.test(file))
  const folders = [
    ...new Set(code.filter(file => /^(runtime|connectors|transforms)\//.test(file)).map(file => dirname(file))),
  ]
  const mirrored = (folder: string) => `test/unit/${folder.replace(/^runtime\//, '')}`
  // Every folder with code has its tests at the same place: in a folder of that name, or in one file of that name.
  const bare = folders.filter(
    folder => !tests.some(file => file.startsWith(`${mirrored(folder)}/`) || file === `${mirrored(folder)}.test.ts`),
  )
  expect(bare.filter(folder => untested[folder] === undefined)).toEqual([])
  expect(
    Object.keys(untested).filter(folder => !bare.includes(folder)),
    'tested now: take it out of untested.ts',
  ).toEqual([])
  // And no test stands where no code is.
  const homes = new Set(folders.flatMap(folder => [mirrored(folder), `${mirrored(folder)}.test.ts`]))
  const known = (file: string) =>
    homes.has(dirname(file)) ||
    homes.has(file) ||
    file.startsWith('test/unit/support/') ||
    file.startsWith('test/unit/bench/')
  expect(tests.filter(file => !known(file))).toEqual([])
})

test('a map without secrets: no address of a registry, no path of a machine', () => {
  const found = tracked
    .filter(file => !/^(test\/golden\/|LICENSE|package-lock\.json)/.test(file))
    .filter(file => /"resolved": "http|https?:\/\/(registry|repo\d*)\./.test(readFileSync(join(root, file), 'latin1')))
  expect(found).toEqual(['test/architecture/tree.test.ts'])
})
