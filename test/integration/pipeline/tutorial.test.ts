import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { WorkerProcess } from '../../../runtime/testing/worker-process.ts'
import { eventually, stringConverter, World } from '../../support/pipeline-world.ts'
import { valuesOf } from '../../support/topic-values.ts'

// The README's connector is copied out of it and run as it tells.
const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')
const ticker = /Put this into `plugins\/ticker\.ts`:\n\n```ts\n([\s\S]*?)```/.exec(readme)?.[1]
const className = 'com.example.TickerSource'

let world: World
let worker: WorkerProcess
let file: string
beforeEach(async () => {
  world = await World.create()
  const plugins = join(world.folder, 'plugins')
  mkdirSync(plugins)
  file = join(plugins, 'ticker.ts')
  writeFileSync(file, ticker!)
  worker = await world.worker({ 'plugin.path': plugins })
})
afterEach(() => world.close())

const config = { 'connector.class': className, topic: 'ticks', 'interval.ms': '20', 'value.converter': stringConverter }
const ticks = () => valuesOf(worker.bootstrap, 'ticks')
const saying = (pattern: RegExp) =>
  eventually('such a tick', ticks, values => values.some(value => pattern.test(value ?? '')))

test('is short: 25 lines, imports included', () => {
  expect(ticker?.trimEnd().split('\n').length).toBeLessThanOrEqual(25)
})

test('runs, validates and goes on after any end', async () => {
  interface Infos {
    readonly error_count: number
    readonly configs: readonly { readonly value: { readonly name: string; readonly errors: readonly string[] } }[]
  }
  const validated = await worker.request<Infos>('PUT', `/connector-plugins/${className}/config/validate`, {
    'connector.class': className,
    name: 'ticker',
    'interval.ms': 'soon',
  })
  const problems = validated.configs.flatMap(({ value }) => (value.errors.length > 0 ? [value.name] : []))
  expect(problems.sort()).toEqual(['interval.ms', 'topic'])
  await expect(worker.submit('ticker', { 'connector.class': className })).rejects.toThrow(/400.*topic/s)

  await worker.submit('ticker', config)
  await saying(/^tick 3$/)
  await worker.kill()
  worker = await world.worker({ 'plugin.path': join(world.folder, 'plugins') })
  const before = (await ticks()).length
  await eventually(
    'more ticks',
    async () => (await ticks()).length,
    count => count > before + 2,
  )
  // Not one number is left out; what was not stored yet is told again.
  const numbers = (await ticks()).map(value => Number(value?.split(' ')[1]))
  expect([...new Set(numbers)].sort((a, b) => a - b)).toEqual(
    Array.from({ length: Math.max(...numbers) }, (_, at) => at + 1),
  )
})

test('a changed file takes effect without a restart; one that does not compile changes nothing', async () => {
  await worker.submit('ticker', config)
  await saying(/^tick 3$/)
  writeFileSync(file, ticker!.replace('`tick ', '`tock '))
  await saying(/^tock \d+$/)
  const numbers = (await ticks()).map(value => Number(value?.split(' ')[1]))
  expect(numbers.filter(number => number === 1)).toHaveLength(1)

  writeFileSync(file, `${ticker!.replace('`tick ', '`never ')}\n}}} not TypeScript`)
  await eventually(
    'the log to say so',
    async () => readFileSync(worker.logFile, 'utf8'),
    text => text.includes('A plugin file cannot be loaded'),
  )
  const before = (await ticks()).length
  await eventually(
    'more ticks of the old version',
    async () => (await ticks()).length,
    count => count > before + 3,
  )
  expect((await ticks()).some(value => value?.startsWith('never'))).toBe(false)
  writeFileSync(file, ticker!.replace('`tick ', '`mended '))
  await saying(/^mended \d+$/)
  expect((await worker.parts()).map(part => part.state)).toEqual(['RUNNING'])
})
