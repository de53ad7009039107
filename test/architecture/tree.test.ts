import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
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
  const tests = tracked
    .filter(file => file.startsWith('test/') && file.endsWith('.test.ts'))
    .map(file => readFileSync(join(root, file), 'utf8'))
    .join('\n')
  const sources = code.filter(file => /^(runtime|connectors|transforms)\//.test(file))
  // A file counts as tested when a test of its name stands at its place, or a test imports it.
  const bare = sources.filter(file => {
    const mirrored = `test/unit/${file.replace(/^runtime\//, '').replace(/\.ts$/, '')}.test.ts`
    return !tracked.includes(mirrored) && !tests.includes(`/${file}'`)
  })
  const excused = Object.keys(untested)
  expect(bare.filter(file => !excused.some(prefix => file.startsWith(prefix)))).toEqual([])
  for (const prefix of excused) {
    expect(
      bare.some(file => file.startsWith(prefix)),
      `${prefix} is tested now: take it out of untested.ts`,
    ).toBe(true)
  }
})

test('a map without secrets: no address of a registry, no path of a machine', () => {
  const found = tracked
    .filter(file => !/^(test\/golden\/|LICENSE|package-lock\.json)/.test(file))
    .filter(file => /"resolved": "http|https?:\/\/(registry|repo\d*)\./.test(readFileSync(join(root, file), 'latin1')))
  expect(found).toEqual(['test/architecture/tree.test.ts'])
})
