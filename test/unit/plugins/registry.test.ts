import { type ChildProcess, fork } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { FromChild } from './registry-child.ts'

type Of<T extends FromChild['type']> = Extract<FromChild, { type: T }>

let folder: string
let child: ChildProcess
let heard: FromChild[]
let wake: () => void = () => {}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-plugins-'))
  heard = []
})
afterEach(async () => {
  const gone = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
  await rm(folder, { recursive: true, force: true })
})

const start = async (): Promise<Of<'ready'>> => {
  child = fork(fileURLToPath(new URL('./registry-child.ts', import.meta.url)), [folder], { execArgv: [] })
  child.on('message', message => {
    heard.push(message as FromChild)
    wake()
  })
  return next('ready')
}

/** The first message of this type that fits and was not asked for before. */
const next = async <T extends FromChild['type']>(
  type: T,
  fits: (message: Of<T>) => boolean = () => true,
): Promise<Of<T>> => {
  for (;;) {
    const at = heard.findIndex(message => message.type === type && fits(message as Of<T>))
    if (at >= 0) return heard.splice(at, 1)[0] as Of<T>
    await new Promise<void>(resolve => {
      wake = resolve
    })
  }
}

const ask = async (question: string, name?: string): Promise<unknown> => {
  child.send({ ask: question, name })
  return (await next('answer')).value
}

const sink = (doc: string, version = '1.0.0', head = ''): string => `${head}
import { c, defineSink } from 'millrace'
export default defineSink({
  class: 'com.example.EchoSinkConnector', version: '${version}', doc: ${doc},
  config: { x: c.string('An x.', { optional: true }) },
  open: () => ({ write() {} }),
})
`

test('finds a plugin without any install beside it, and takes over a new version', async () => {
  await writeFile(join(folder, 'echo.ts'), sink("'first' satisfies string"))
  const { list } = await start()
  expect(list).toContain('sink com.example.EchoSinkConnector 1.0.0')
  expect(await ask('doc', 'EchoSink')).toBe('first')

  // As editors do it: a new file takes the place of the old one.
  await writeFile(join(folder, 'echo.ts~'), sink("'second'", '1.1.0'))
  await rename(join(folder, 'echo.ts~'), join(folder, 'echo.ts'))
  expect(await next('reloaded')).toMatchObject({
    class: 'com.example.EchoSinkConnector',
    version: '1.1.0',
    doc: 'second',
    threadDoc: 'second',
  })
})

test('a file that does not compile leaves the old one and says why; the next good one counts', async () => {
  await writeFile(join(folder, 'echo.ts'), sink("'first'"))
  await start()
  await writeFile(join(folder, 'echo.ts'), sink("'second", '2.0.0'))
  const { details, level } = await next('log', one => one.message.includes('cannot be loaded'))
  expect(level).toBe('error')
  expect(details).toMatchObject({ place: join(folder, 'echo.ts') })
  expect(await ask('doc', 'EchoSink')).toBe('first')
  expect(await ask('broken')).toEqual([join(folder, 'echo.ts')])
  expect(await ask('hint', 'EchoSnk')).toMatch(
    /Did you mean com.example.EchoSinkConnector\?.*echo.ts could not be loaded/,
  )
  await writeFile(join(folder, 'echo.ts'), sink("'third'", '3.0.0'))
  expect(await next('reloaded')).toMatchObject({ doc: 'third' })
  expect(await ask('broken')).toEqual([])
})

test('a module beside a plugin counts as part of it', async () => {
  await mkdir(join(folder, 'echo'))
  await writeFile(join(folder, 'echo', 'text.ts'), "export const text: string = 'first'\n")
  await writeFile(join(folder, 'echo', 'sink.ts'), sink('text', '1.0.0', "import { text } from './text.ts'"))
  await start()
  expect(await ask('doc', 'EchoSink')).toBe('first')
  await writeFile(join(folder, 'echo', 'text.ts'), "export const text: string = 'second, longer'\n")
  expect(await next('reloaded')).toMatchObject({ doc: 'second, longer', threadDoc: 'second, longer' })
})

test('a new file is found, a removed one is gone', async () => {
  await start()
  expect(await ask('doc', 'EchoSink')).toMatch(
    /^Failed to find any class that implements Connector and which name matches EchoSink/,
  )
  await mkdir(join(folder, 'late'))
  await writeFile(join(folder, 'late', 'echo.ts'), sink("'late'"))
  await listed(true)
  await rm(join(folder, 'late', 'echo.ts'))
  await listed(false)
})

const listed = async (wanted: boolean): Promise<void> => {
  const line = 'sink com.example.EchoSinkConnector 1.0.0'
  while (((await ask('list')) as string[]).includes(line) !== wanted)
    await new Promise(resolve => setTimeout(resolve, 20))
}

test('of a class that is there twice the highest version counts', async () => {
  await writeFile(join(folder, 'a.ts'), sink("'newer'", '1.10.0'))
  await writeFile(join(folder, 'b.ts'), sink("'older'", '1.9.0'))
  const { list } = await start()
  expect(list.filter(line => line.includes('EchoSink'))).toEqual(['sink com.example.EchoSinkConnector 1.10.0'])
  expect(await ask('doc', 'EchoSink')).toBe('newer')
})

test('a file without plugins in its text is never run', async () => {
  await writeFile(join(folder, 'danger.ts'), "throw new Error('was run')\n")
  await writeFile(join(folder, 'echo.ts'), sink("'x'"))
  await start()
  expect(await ask('broken')).toEqual([])
})

test('lists by type, then by class', async () => {
  const { list } = await start()
  const types = [...new Set(list.map(line => line.split(' ')[0]))]
  expect(types).toEqual(['sink', 'source', 'transformation', 'predicate', 'converter', 'header_converter'])
  for (const type of types) {
    const classes = list.filter(line => line.startsWith(`${type} `))
    expect(classes).toEqual([...classes].sort())
  }
})
