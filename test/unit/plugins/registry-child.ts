// Run by registry.test.ts in a plain Node process: what Vitest does to imports must not decide these tests.
import { Worker } from 'node:worker_threads'
import { PluginRegistry } from '../../../runtime/plugins/registry.ts'

export type FromChild =
  | { readonly type: 'ready'; readonly list: readonly string[] }
  | {
      readonly type: 'reloaded'
      readonly class: string
      readonly version: string
      readonly doc: string
      readonly threadDoc: string
    }
  | { readonly type: 'log'; readonly level: string; readonly message: string; readonly details: unknown }
  | { readonly type: 'answer'; readonly value: unknown }

const say = (message: FromChild) => process.send!(message)
const at =
  (level: string) =>
  (message: string, details: unknown = {}): void => {
    say({ type: 'log', level, message, details })
  }

const registry = await PluginRegistry.open({
  pluginPath: process.argv.slice(2),
  log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
  watching: true,
})

const docOf = async (name: string) => (await registry.load<{ readonly kind: 'sink'; readonly doc: string }>(name)).doc

/** The same plugin as a task thread sees it. */
const inThread = async (name: string): Promise<string> => {
  const location = await registry.locate(name)
  const load = new URL('../../../runtime/plugins/load.ts', import.meta.url).href
  const code = `
    import { parentPort, workerData } from 'node:worker_threads'
    const { loadPlugin } = await import(workerData.load)
    parentPort.postMessage((await loadPlugin(workerData.location)).doc)`
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
    workerData: { load, location },
  })
  return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
}

registry.onReloaded(name => {
  void (async () => {
    const { version } = await registry.locate(name)
    say({ type: 'reloaded', class: name, version, doc: await docOf(name), threadDoc: await inThread(name) })
  })()
})

process.on('message', async (question: { readonly ask: string; readonly name?: string }) => {
  const { ask, name = '' } = question
  const value =
    ask === 'list'
      ? registry.list().map(one => `${one.type} ${one.class} ${one.version}`)
      : ask === 'doc'
        ? await docOf(name).catch((error: Error) => error.message)
        : ask === 'hint'
          ? (registry.hint(name) ?? null)
          : [...registry.broken().keys()]
  say({ type: 'answer', value })
})
process.on('disconnect', () => process.exit())
say({ type: 'ready', list: registry.list().map(one => `${one.type} ${one.class} ${one.version}`) })
