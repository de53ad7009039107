import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, World } from '../../support/pipeline-world.ts'
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

/** Whatever became of the connector: the next client finds a worker without any. */
const remove = async (server: Server, connector: string): Promise<void> => {
  const authorization = `Basic ${Buffer.from(`${server.user}:${server.password}`).toString('base64')}`
  await eventually(
    'the connector is gone',
    () =>
      fetch(`${server.url}/connectors/${encodeURIComponent(connector)}`, {
        method: 'DELETE',
        headers: { authorization },
      }),
    ({ status }) => status === 404,
  )
}

describe.each([
  { name: 'two workers of Millrace', start: millrace, wanted: 'MILLRACE_REST_CLIENTS', retry: 0 },
  // It answers 409 or 500 in the middle of a rebalance, which not every client survives.
  { name: 'Apache Kafka Connect, the judge', start: apacheConnect, wanted: 'MILLRACE_KAFKA_LIBS', retry: 3 },
])('a connector’s life at $name (npm run test:real brings the clients)', ({ start, wanted, retry }) => {
  const missing = process.env['MILLRACE_REST_CLIENTS'] === undefined || process.env[wanted] === undefined
  let world: World
  let server: Server
  beforeAll(async () => {
    if (missing) return
    world = await World.create()
    server = await start(world)
  })
  afterAll(() => world?.close())

  test.skipIf(missing).each(clients)('$name', { retry }, async client => {
    // What a path has to escape, and what it need not; a semicolon Kafka Connect cannot find again.
    const connector = `${client.name} (1+2): 50@&=$,'~`
    // Offsets outlive a connector.
    const id = randomUUID()
    const [file, unread] = [join(world.folder, id), join(world.folder, `${id}-unread`)]
    for (const one of [file, unread]) await writeFile(one, 'one\ntwo\nthree\n\n')
    const config = {
      name: connector,
      'connector.class': 'org.apache.kafka.connect.file.FileStreamSourceConnector',
      'tasks.max': '1',
      file,
      topic: `of-${id}`,
    }
    const assignment = {
      ...server,
      connector,
      config,
      changed: { ...config, 'batch.size': '100' },
      failing: { ...config, file: unread, 'value.converter': 'org.apache.kafka.connect.converters.ByteArrayConverter' },
    }
    const steps = client.steps.filter(step => server.user !== '' || (step !== 'unauthorized' && step !== 'no way in'))
    try {
      const said = transcript(client, assignment)
      if (client.endsAtApache !== undefined && start === apacheConnect)
        await expect(said).rejects.toThrow(client.endsAtApache)
      else expect(await said).toEqual(lifeCycle(assignment, steps))
    } finally {
      await remove(server, connector)
    }
  })
})
