// A worker with one source and one sink task, to be killed. Arguments: bootstrap, folder, numbers.
import { fileURLToPath } from 'node:url'
import { PluginRegistry } from '../../runtime/plugins/registry.ts'
import { fileOffsetStore } from '../../runtime/stores/file-offset-store.ts'
import { logger } from '../../runtime/telemetry/log.ts'
import { ThreadedWorker } from '../../runtime/worker/worker.ts'

const [bootstrap = '', folder = '', count = ''] = process.argv.slice(2)
const JSON_CONVERTER = 'org.apache.kafka.connect.json.JsonConverter'
const log = logger('chaos')
const offsets = fileOffsetStore(`${folder}/offsets`, log)
await offsets.start()
const worker = new ThreadedWorker({
  workerProps: {
    'bootstrap.servers': bootstrap,
    'key.converter': JSON_CONVERTER,
    'value.converter': JSON_CONVERTER,
    'key.converter.schemas.enable': 'false',
    'value.converter.schemas.enable': 'false',
    'offset.flush.interval.ms': '20',
    'task.threads': '1',
    'consumer.session.timeout.ms': '500',
    'consumer.heartbeat.interval.ms': '100',
  },
  offsets,
  plugins: await PluginRegistry.open({
    pluginPath: [fileURLToPath(new URL('../support/connectors', import.meta.url))],
    log,
  }),
  resolve: async props => ({ props, secrets: [] }),
  log,
})
await worker.start({
  connectorReported() {},
  taskReported(id, report) {
    if (report.state === 'FAILED') process.send?.({ failed: `${id.connector}: ${report.trace}` })
  },
  tasksOutdated() {},
  pluginReloaded() {},
  topicUsed() {},
  configExpires() {},
})
const source = {
  name: 's',
  'connector.class': 'test.NumberSourceConnector',
  topic: 'numbers',
  count,
  batch: '50',
  'partition.by': '3',
  'pause.ms': '1',
  'committed.file': `${folder}/committed`,
}
const sink = {
  name: 'k',
  'connector.class': 'test.LinesSinkConnector',
  topics: 'numbers',
  'output.file': `${folder}/lines`,
}
await worker.startTask({ connector: 's', task: 0 }, source, source, 'STARTED')
await worker.startTask({ connector: 'k', task: 0 }, sink, sink, 'STARTED')
