import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { scanPlugins } from '../../../runtime/plugins/plugin-files.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-scan-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

const plugin = "import { defineSink } from 'millrace'\nexport default defineSink({})\n"
const put = async (files: Readonly<Record<string, string>>): Promise<void> => {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
}
const found = async (path = [root], home?: string): Promise<string[]> =>
  (await scanPlugins(path, home)).files.map(file => relative(root, file.path)).sort()

test('finds files that make plugins, in the folder and one below; nothing else', async () => {
  await put({
    'sink.ts': plugin,
    'sink.test.ts': plugin,
    'types.d.ts': plugin,
    'helper.ts': 'export const x = 1\n',
    'readme.md': plugin,
    'one/source.js': plugin,
    'one/deeper/too-deep.ts': plugin,
    '.hidden/x.ts': plugin,
    'node_modules/other/index.js': plugin,
  })
  expect(await found()).toEqual(['one/source.js', 'sink.ts'])
})

test('a package says itself which files are its plugins', async () => {
  await put({
    'listed/package.json': '{"millrace": ["./dist/a.js", "./dist/b.js"]}',
    'listed/dist/a.js': plugin,
    'listed/dist/b.js': plugin,
    'listed/unlisted.js': plugin,
    'object/package.json': '{"millrace": {"plugins": "a.js"}}',
    'object/a.js': plugin,
    'keyword/package.json': '{"keywords": ["millrace-plugin"], "exports": {".": {"import": "./main.js"}}}',
    'keyword/main.js': plugin,
    'keyword/other.js': plugin,
    'plain/package.json': '{"name": "plain"}',
    'plain/x.ts': plugin,
  })
  expect(await found()).toEqual([
    'keyword/main.js',
    'listed/dist/a.js',
    'listed/dist/b.js',
    'object/a.js',
    'plain/x.ts',
  ])
})

test('a broken package.json breaks nothing else', async () => {
  await put({ 'bad/package.json': '{', 'bad/x.ts': plugin, 'good.ts': plugin })
  expect(await found()).toEqual(['bad/x.ts', 'good.ts'])
})

test('entries may be files or packages; one that is missing is told of', async () => {
  await put({ 'a.ts': plugin, 'p/package.json': '{"millrace": "q.ts"}', 'p/q.ts': plugin })
  const scan = await scanPlugins([join(root, 'a.ts'), join(root, 'p'), join(root, 'none')])
  expect(scan.files.map(file => relative(root, file.path))).toEqual(['a.ts', 'p/q.ts'])
  expect(scan.missing).toEqual([join(root, 'none')])
})

test('dependencies with the keyword are plugins, others are not looked at', async () => {
  await put({
    'home/package.json': '{"dependencies": {"mine": "1", "@org/also": "1", "other": "1"}}',
    'home/node_modules/mine/package.json': '{"keywords": ["millrace-plugin"], "main": "m.js"}',
    'home/node_modules/mine/m.js': plugin,
    'home/node_modules/@org/also/package.json': '{"keywords": ["millrace-plugin"], "millrace": ["x.js", "y.js"]}',
    'home/node_modules/@org/also/x.js': plugin,
    'home/node_modules/@org/also/y.js': plugin,
    'home/node_modules/other/package.json': '{"main": "m.js"}',
    'home/node_modules/other/m.js': plugin,
    'home/node_modules/stray/package.json': '{"keywords": ["millrace-plugin"], "main": "m.js"}',
  })
  expect(await found([], join(root, 'home'))).toEqual([
    'home/node_modules/@org/also/x.js',
    'home/node_modules/@org/also/y.js',
    'home/node_modules/mine/m.js',
  ])
})
