// npm's kafka-connect-client through a connector's life: FOLDER ASSIGNMENT. FOLDER is where npm installed it.
import { createRequire } from 'node:module'
import type { Assignment, StepName } from './life-cycle.ts'

interface Answer<T> {
  readonly data: T
}
type Offset = { readonly partition: object; readonly offset: object | null }
type Config = Readonly<Record<string, string>>
interface Info {
  readonly name: string
  readonly type: string
  readonly config: Config
  readonly tasks: readonly object[]
}
interface Status {
  readonly connector: { readonly state: string }
  readonly tasks: readonly { readonly id: number; readonly state: string; readonly trace?: string }[]
}
interface Connector {
  get(): Promise<Answer<Info>>
  updateConfig(config: Config): Promise<Answer<Info>>
  getConfig(): Promise<Answer<Config>>
  getStatus(): Promise<Answer<Status>>
  restart(options?: { readonly includeTasks: boolean }): Promise<Answer<unknown>>
  pause(): Promise<Answer<unknown>>
  resume(): Promise<Answer<unknown>>
  stop(): Promise<Answer<unknown>>
  delete(): Promise<Answer<unknown>>
  getTasks(): Promise<
    Answer<readonly { readonly id: { readonly connector: string; readonly task: number }; readonly config: Config }[]>
  >
  getTaskStatus(task: number): Promise<Answer<{ readonly id: number; readonly state: string }>>
  restartTask(task: number): Promise<Answer<unknown>>
  resetTopics(): Promise<Answer<unknown>>
  getOffsets(): Promise<Answer<{ readonly offsets: readonly Offset[] }>>
  alterOffsets(offsets: readonly Offset[]): Promise<Answer<unknown>>
  resetOffsets(): Promise<Answer<unknown>>
}
interface Client {
  getCluster(): Promise<Answer<{ readonly version: string }>>
  getConnectors(): Promise<Answer<readonly string[]>>
  getConnectors(options: {
    readonly expand: string
  }): Promise<Answer<Record<string, { readonly status: Status & { readonly type: string } }>>>
  createConnector(name: string, config: Config): Promise<Answer<Info>>
  connector(name: string): Connector
  getConnectorPlugins(): Promise<Answer<readonly { readonly class: string }[]>>
  validateConnectorConfig(
    plugin: string,
    config: Config,
  ): Promise<
    Answer<{
      readonly error_count: number
      readonly configs: readonly { readonly value: { readonly name: string; readonly errors: readonly string[] } }[]
    }>
  >
}
interface Refusal {
  readonly response?: { readonly status: number; readonly data: { readonly message: string } }
}

// An error of axios prints its sockets.
process.on('uncaughtException', error => {
  console.error(error.stack)
  process.exit(1)
})
const [folder, text] = process.argv.slice(2)
const { url, user, password, connector, config, changed, failing } = JSON.parse(text!) as Assignment
const { KafkaConnectClient } = createRequire(`${folder}/`)('kafka-connect-client') as {
  KafkaConnectClient: new (options: object) => Client
}
const { hostname, port } = new URL(url)
const client = (credentials: string): Client =>
  new KafkaConnectClient({ host: `${credentials}${hostname}`, port: Number(port) })
const connect = client(user === '' ? '' : `${user}:${encodeURIComponent(password)}@`)
const one = connect.connector(connector)
const { topic: _, ...invalid } = config

const say = (step: StepName, got: unknown): void => console.log(JSON.stringify({ step, got }))
const refusal = async (call: Promise<unknown>): Promise<{ status: number; message: string }> => {
  try {
    await call
  } catch (error) {
    const { response } = error as Refusal
    if (response === undefined) throw error
    return { status: response.status, message: response.data.message }
  }
  throw new Error('The worker should have refused')
}
const statesOf = ({ connector: { state }, tasks }: Status) => ({ connector: state, tasks: tasks.map(t => t.state) })
const until = async <T>(ask: () => Promise<T>, wanted: string): Promise<T> => {
  const end = Date.now() + 30_000
  for (;;) {
    const seen = await ask().catch((error: Refusal) => {
      if (error.response === undefined) throw error
      return undefined
    })
    if (seen !== undefined && (JSON.stringify(seen) === wanted || Date.now() > end)) return seen
    if (Date.now() > end) throw new Error(`Never seen: ${wanted}`)
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}
const states = (state: string, tasks: readonly string[] = [state]) =>
  until(async () => statesOf((await one.getStatus()).data), JSON.stringify({ connector: state, tasks }))
const offsets = async () => (await one.getOffsets()).data.offsets

say('server', (await connect.getCluster()).data.version)
const plugins = (await connect.getConnectorPlugins()).data
say(
  'plugin',
  plugins.find(plugin => plugin.class === config['connector.class']),
)
const validated = (await connect.validateConnectorConfig(config['connector.class']!, invalid)).data
say('validated', {
  errors: validated.error_count,
  topic: validated.configs.find(({ value }) => value.name === 'topic')?.value.errors,
})
if (user !== '') say('unauthorized', (await refusal(client('').getConnectors())).status)
say('missing', await refusal(one.get()))
say('invalid', await refusal(connect.createConnector(connector, invalid)))
const { tasks: _tasks, ...created } = (await connect.createConnector(connector, config)).data
say('created', created)
say('duplicate', await refusal(connect.createConnector(connector, config)))
say('running', await states('RUNNING'))
say('listed', (await connect.getConnectors()).data)
say('info', (await one.get()).data)
say('config', (await one.getConfig()).data)
const [task] = (await one.getTasks()).data
say('task', { ...task!.id, config: task!.config })
const { id, state } = (await one.getTaskStatus(0)).data
say('task status', { id, state })
await one.pause()
say('paused', await states('PAUSED'))
await one.resume()
say('resumed', await states('RUNNING'))
await one.restart()
say('restarted', await states('RUNNING'))
await one.restart({ includeTasks: true })
say('restarted with tasks', await states('RUNNING'))
await one.restartTask(0)
say('restarted task', await states('RUNNING'))
const [offset] = await until(
  offsets,
  JSON.stringify([{ partition: { filename: config['file'] }, offset: { position: 15 } }]),
)
await one.stop()
say('stopped', await states('STOPPED', []))
say('offsets', [offset])
await one.alterOffsets([{ partition: offset!.partition, offset: { position: 5 } }])
say('offsets altered', await offsets())
await one.resetOffsets()
say('offsets reset', await offsets())
await one.updateConfig(changed)
say('changed', (await one.getConfig()).data)
await one.updateConfig(failing)
await one.resume()
const failed = await states('RUNNING', ['FAILED'])
const { tasks } = (await one.getStatus()).data
say('failed', { ...failed, traced: tasks.map(({ trace }) => trace?.includes('ByteArrayConverter')) })
await one.delete()
say('deleted', (await connect.getConnectors()).data)
say('gone', await refusal(one.getConfig()))
