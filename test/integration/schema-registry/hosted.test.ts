import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startWorkerProcess } from '../../../runtime/assembly/worker-process.ts'
import { freePort } from '../../support/free-port.ts'

test('a worker hosts a registry on its own broker', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-hosted-'))
  const port = await freePort()
  const worker = await startWorkerProcess(
    {
      'bootstrap.servers': `embedded:${folder}/broker`,
      'millrace.broker.port': '0',
      listeners: 'http://127.0.0.1:0',
      'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
      'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
      'offset.storage.file.filename': `${folder}/offsets`,
      'schema.registry.listeners': `http://127.0.0.1:${port}`,
      'task.threads': '0',
    },
    { version: '1.2.3' },
  )
  try {
    const subject = `http://127.0.0.1:${port}/subjects/s/versions`
    const made = await fetch(subject, { method: 'POST', body: JSON.stringify({ schema: '"int"' }) })
    expect(await made.json()).toMatchObject({ id: 1, version: 1 })
    expect(await (await fetch(subject)).json()).toEqual([1])
  } finally {
    await worker.close()
    await rm(folder, { recursive: true, force: true })
  }
})
