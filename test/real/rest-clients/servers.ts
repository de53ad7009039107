import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WorkerProcess } from '../../../runtime/testing/worker-process.ts'
import { startApacheKafka } from '../../support/apache-kafka.ts'
import { startJavaConnect } from '../../support/java-connect.ts'
import { command, eventually, stringConverter, type World, workerProperties } from '../../support/pipeline-world.ts'

/** A distributed worker that clients talk to. */
export interface Server {
  readonly url: string
  readonly user: string
  readonly password: string
}

const cluster = {
  'group.id': 'clients',
  'key.converter': stringConverter,
  'value.converter': stringConverter,
  'config.storage.topic': 'connect-configs',
  'offset.storage.topic': 'connect-offsets',
  'status.storage.topic': 'connect-status',
  'offset.storage.partitions': '1',
  'status.storage.partitions': '1',
  'config.storage.replication.factor': '1',
  'offset.storage.replication.factor': '1',
  'status.storage.replication.factor': '1',
  'offset.flush.interval.ms': '500',
}

/** Two workers behind basic authentication, one with the broker; the other, which passes on to the leader what is the leader's, is asked. */
export const millrace = async (world: World): Promise<Server> => {
  const file = (name: string) => join(world.folder, name)
  await writeFile(file('users'), 'robot=a secret/with+signs\n')
  const module = 'org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule'
  await writeFile(file('jaas'), `KafkaConnect { ${module} required file="${file('users')}"; };\n`)
  const start = async (name: string, more: Readonly<Record<string, string>> = {}) => {
    const { 'offset.storage.file.filename': _, ...properties } = workerProperties(file(name), {
      ...cluster,
      'rest.extension.classes': 'org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension',
      'rest.jaas.file': file('jaas'),
      ...more,
    })
    const worker = await WorkerProcess.start({ command, folder: file(name), properties })
    world.after(() => worker.kill())
    return worker
  }
  const { bootstrap } = await start('leader')
  const worker = await start('asked', { 'bootstrap.servers': bootstrap })
  return { url: worker.rest, user: 'robot', password: 'a secret/with+signs' }
}

/** The judge of what the tests expect. */
export const apacheConnect = async (world: World): Promise<Server> => {
  const kafka = await startApacheKafka()
  world.after(() => kafka.close())
  const worker = await startJavaConnect(join(world.folder, 'java'), {
    ...cluster,
    'bootstrap.servers': kafka.bootstrap,
  })
  world.after(() => worker.kill())
  // It listens before it has its routes.
  await eventually(
    'Connect answers',
    () => fetch(worker.rest),
    answer => answer.ok,
  )
  return { url: worker.rest, user: '', password: '' }
}
