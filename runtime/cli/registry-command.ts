import { parseArgs } from 'node:util'
import { startSchemaRegistry } from '../schema-registry/server.ts'
import { memoryStore } from '../schema-registry/store.ts'
import { askedToEnd, type Command, exitCodes } from './command.ts'
import { registryHelp } from './help.ts'
import { version } from './version.ts'

const openStore = async (bootstrap: string | undefined, topic: string) => {
  if (bootstrap === undefined) return { store: memoryStore(), close: async () => {} }
  const { createKafka } = await import('../kafka/kafka.ts')
  const { topicStore } = await import('../schema-registry/topic-store.ts')
  const kafka = createKafka({ 'bootstrap.servers': bootstrap, 'client.id': 'millrace-registry' })
  return { store: topicStore(kafka, topic), close: () => kafka.close() }
}

/** `millrace registry`: the schema registry until a signal ends it. */
export const registryCommand: Command = async args => {
  let options: { port: string; host: string; topic: string; 'bootstrap-servers'?: string }
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        port: { type: 'string', default: '8081' },
        host: { type: 'string', default: '127.0.0.1' },
        topic: { type: 'string', default: '_schemas' },
        'bootstrap-servers': { type: 'string' },
      },
    })
    options = values
    if (!/^\d{1,5}$/.test(options.port) || Number(options.port) > 65535)
      throw new Error(`--port ${options.port} is no port: give a number from 0 to 65535`)
  } catch (error) {
    console.error(`millrace registry: ${(error as Error).message}\n\n${registryHelp}`)
    return exitCodes.usage
  }
  // Before anybody can know that it runs: who reads the line below may ask it to end at once.
  const asked = askedToEnd()
  const bootstrap = options['bootstrap-servers']
  let close = async (): Promise<void> => {}
  try {
    const opened = await openStore(bootstrap, options.topic)
    close = opened.close
    const registry = await startSchemaRegistry({
      store: opened.store,
      host: options.host,
      port: Number(options.port),
      version,
    })
    const where =
      bootstrap === undefined ? 'memory: they go with this process' : `topic ${options.topic} at ${bootstrap}`
    console.log(`Schema registry at ${registry.url}, schemas in ${where}. Ctrl-C ends it.`)
    await asked
    await registry.close()
    return exitCodes.ok
  } catch (error) {
    console.error(`millrace registry: ${(error as Error).message}`)
    return exitCodes.start
  } finally {
    await close()
  }
}
