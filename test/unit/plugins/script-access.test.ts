import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { LoadedScript, Log } from '../../../runtime/api/context.ts'
import { type ConnectRecord, RetriableError } from '../../../runtime/api/index.ts'
import { scriptAccess } from '../../../runtime/plugins/script-access.ts'
import script from '../../../transforms/script.ts'

let root: string
let errors: string[]
const open: LoadedScript[] = []
const log: Log = {
  debug() {},
  info() {},
  warn() {},
  error: (message, details) => void errors.push(`${message} ${JSON.stringify(details)}`),
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'scripts-'))
  await mkdir(join(root, 'plugins'))
  errors = []
})
afterEach(async () => {
  for (const one of open.splice(0)) one.close()
  await rm(root, { recursive: true })
})

const access = (inline = false) => scriptAccess({ folders: [join(root, 'plugins')], inline, log, pollMs: 20 })
const put = (name: string, text: string) => writeFile(join(root, 'plugins', name), text)
const load = async (name: string, exportName = 'default') => {
  const loaded = await access().file(name, exportName)
  open.push(loaded)
  return loaded
}
const answer = ({ run }: LoadedScript, ...args: readonly unknown[]) =>
  (run as (...args: readonly unknown[]) => unknown)(...args)

test('a file is loaded by its name or whole path, an export by its name', async () => {
  await put('a.ts', 'export default (n: number): number => n + 1; export const twice = (n: number) => n * 2')
  expect(answer(await load('a.ts'), 1)).toBe(2)
  expect(answer(await load(join(root, 'plugins', 'a.ts'), 'twice'), 4)).toBe(8)
  await expect(load('a.ts', 'thrice')).rejects.toThrow('a.ts exports no function as thrice, but default, twice')
})

test('a changed file takes the place of the old one; a broken one does not', async () => {
  await put('a.ts', 'export default () => 1')
  const loaded = await load('a.ts')
  expect(answer(loaded)).toBe(1)
  await put('a.ts', 'export default () => 22')
  await vi.waitFor(() => expect(answer(loaded)).toBe(22))
  await put('a.ts', 'const fine = 1\nthrow new Error("half")')
  await vi.waitFor(() => expect(errors).toHaveLength(1))
  expect(errors[0]).toContain('a.ts:2: half')
  expect(answer(loaded)).toBe(22)
  await put('a.ts', 'export default () => 333')
  await vi.waitFor(() => expect(answer(loaded)).toBe(333))
})

// In a process of its own: the test runner has its own way with imports.
test('a file that the script imports counts as part of it', async () => {
  await put('a.ts', "import { n } from './n.ts'\nexport default () => n")
  await put('n.ts', 'export const n = 1')
  const module = new URL('../../../runtime/plugins/script-access.ts', import.meta.url).href
  const folder = join(root, 'plugins')
  const driver = join(root, 'driver.ts')
  await writeFile(
    driver,
    `import { scriptAccess } from '${module}'
    import { writeFile } from 'node:fs/promises'
    import { setTimeout } from 'node:timers/promises'
    const log = { debug() {}, info() {}, warn() {}, error: console.error }
    const loaded = await scriptAccess({ folders: ['${folder}'], inline: false, log, pollMs: 20 }).file('a.ts', 'default')
    const first = loaded.run()
    await writeFile('${folder}/n.ts', 'export const n: number = 22')
    for (let tries = 0; loaded.run() === first && tries < 500; tries++) await setTimeout(10)
    console.log(first, loaded.run())
    loaded.close()`,
  )
  const { stdout } = await promisify(execFile)(process.execPath, [driver])
  expect(stdout).toBe('1 22\n')
})

test('a closed script stays as it is', async () => {
  await put('a.ts', 'export default () => 1')
  await put('b.ts', 'export default () => 1')
  const closed = await load('a.ts')
  const followed = await load('b.ts')
  closed.close()
  await put('a.ts', 'export default () => 22')
  await put('b.ts', 'export default () => 22')
  await vi.waitFor(() => expect(answer(followed)).toBe(22))
  expect(answer(closed)).toBe(1)
})

test('a file outside of plugin.path is refused, through a link too', async () => {
  await writeFile(join(root, 'secret.ts'), 'export default () => 1')
  await symlink(join(root, 'secret.ts'), join(root, 'plugins', 'link.ts'))
  for (const path of ['../secret.ts', 'link.ts', join(root, 'secret.ts')])
    await expect(load(path), path).rejects.toThrow('lies outside of plugin.path')
  await expect(load('nosuch.ts')).rejects.toThrow('is in no folder of plugin.path')
  await expect(load('a.json')).rejects.toThrow('is no .ts')
  await expect(scriptAccess({ folders: [], inline: false, log }).file('a.ts', 'default')).rejects.toThrow(
    'no plugin.path',
  )
})

test('code in a config runs only where the worker allows it', async () => {
  await expect(access().inline('export default () => 1')).rejects.toThrow('millrace.script.inline=true')
  const code = "import { Decimal } from 'millrace'\nexport default (text: string) => Decimal.parse(text).scale"
  expect(answer(await access(true).inline(code), '1.25')).toBe(2)
  await expect(access(true).inline('const a = 1\nconst = 2')).rejects.toThrow(/^code/)
})

const transform = async (file: string) => {
  const made = script.create({ file, function: 'default', code: undefined }, 'Value', {
    originals: {},
    scripts: access(),
  })
  await made.start!()
  open.push({ run: () => undefined, place: () => '', close: () => made.close?.() })
  return (record: ConnectRecord) => made.apply(record)
}

test('an error of the function names file and line; one to be retried stays so', async () => {
  await put('a.ts', "export default () => {\n\n  throw new Error('no')\n}")
  const failing = await transform('a.ts')
  expect(() => failing({ topic: 't', value: 1 })).toThrow('a.ts:3: no')
  await put(
    'b.ts',
    "import { RetriableError } from 'millrace'\nexport default () => { throw new RetriableError('later') }",
  )
  const retried = await transform('b.ts')
  expect(() => retried({ topic: 't', value: 1 })).toThrow(RetriableError)
  await put('c.ts', 'export default async (record: unknown) => record')
  const late = await transform('c.ts')
  expect(() => late({ topic: 't', value: 1 })).toThrow('gave back a promise')
})

test('a file that only looks newer is loaded again without harm', async () => {
  await put('a.ts', 'let calls = 0\nexport default () => ++calls')
  const loaded = await load('a.ts')
  expect([answer(loaded), answer(loaded)]).toEqual([1, 2])
  await utimes(join(root, 'plugins', 'a.ts'), 1, 1)
  await vi.waitFor(() => expect(answer(loaded)).toBe(1))
})
