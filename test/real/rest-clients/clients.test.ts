import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { World } from '../../support/pipeline-world.ts'
import { type Client, clients } from './clients.ts'
import { type Assignment, lifeCycle, type Step } from './life-cycle.ts'
import { apacheConnect, millrace, type Server } from './servers.ts'

const run = promisify(execFile)

/** What the client's program said, step by step; throws with its stderr when it ended badly. */
const transcript = async ({ program }: Client, assignment: Assignment): Promise<Step[]> => {
  const [file, ...args] = program()
  const said = await run(file!, [...args, JSON.stringify(assignment)], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    timeout: 180_000,
  }).catch((error: { stdout?: string; stderr?: string }) => {
    throw new Error(`The program failed: ${error.stderr?.slice(0, 2000)}\nafter these steps:\n${error.stdout}`)
  })
  return said.stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Step)
}

describe.each([
  { name: 'two workers of Millrace', start: millrace, wanted: 'MILLRACE_REST_CLIENTS' },
  { name: 'Apache Kafka Connect, the judge', start: apacheConnect, wanted: 'MILLRACE_KAFKA_LIBS' },
])('a connector’s life at $name (npm run test:real brings the clients)', ({ start, wanted }) => {
  const missing = process.env['MILLRACE_REST_CLIENTS'] === undefined || process.env[wanted] === undefined
  let world: World
  let server: Server
  beforeAll(async () => {
    if (missing) return
    world = await World.create()
    server = await start(world)
  })
  afterAll(() => world?.close())

  test.skipIf(missing).each(clients)('$name', async client => {
    const connector = client.name.replaceAll(/[^a-z]+/gi, '-')
    const file = join(world.folder, `${connector}.txt`)
    await writeFile(file, 'one\ntwo\nthree\n\n')
    const config = {
      name: connector,
      'connector.class': 'org.apache.kafka.connect.file.FileStreamSourceConnector',
      'tasks.max': '1',
      file,
      topic: `of-${connector}`,
    }
    const assignment = { ...server, connector, config, changed: { ...config, 'batch.size': '100' } }
    const steps = client.steps.filter(step => server.user !== '' || (step !== 'unauthorized' && step !== 'no way in'))
    if (client.endsAtApache !== undefined && start === apacheConnect) {
      await expect(transcript(client, assignment)).rejects.toThrow(client.endsAtApache)
      await fetch(`${server.url}/connectors/${connector}`, { method: 'DELETE' })
      return
    }
    expect(await transcript(client, assignment)).toEqual(lifeCycle(assignment, steps))
  })
})
