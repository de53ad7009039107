import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type S3Server, startS3Server } from '../../../runtime/testing/s3-server/server.ts'
import { Bucket, confluentProps } from '../../support/s3-sink-run.ts'

let server: S3Server
let lake: Bucket
beforeEach(async () => {
  server = await startS3Server()
  lake = await new Bucket(server).create()
})
afterEach(async () => {
  lake.client.destroy()
  await server.close()
})

const child = fileURLToPath(new URL('../../support/s3-sink-child.ts', import.meta.url))

/** One life: ends by SIGKILL after `requests` more requests have reached S3, or by itself. Returns the last committed offset. */
const live = (props: Readonly<Record<string, string>>, from: number, end: number, requests: number) =>
  new Promise<{ committed: number; done: boolean }>((resolve, reject) => {
    const argument = JSON.stringify({ props, from, end })
    const process_ = spawn(process.execPath, [child, argument], { stdio: ['ignore', 'pipe', 'inherit'] })
    let seen = 0
    const stop = server.fail({
      // Matches nothing: it counts, and strikes from outside.
      match: () => {
        if (++seen === requests) process_.kill('SIGKILL')
        return false
      },
    })
    let output = ''
    process_.stdout.on('data', (text: Buffer) => {
      output += text.toString()
    })
    process_.on('error', reject)
    process_.on('close', (code, signal) => {
      stop()
      if (signal !== 'SIGKILL') return reject(new Error(`the child ended by itself with ${code}`))
      const lines = output.split('\n').slice(0, -1)
      const committed = Number(lines.filter(line => line !== 'done').at(-1) ?? from)
      resolve({ committed, done: lines.includes('done') })
    })
  })

it('SIGKILL at any request leaves each record once, and no unfinished upload for long', async () => {
  const end = 60_000
  let committed = 0
  let done = false
  for (let number = 0; !done; number++) {
    // Another flush.size in each life: boundaries that the one before did not have.
    const flush = [9000, 2500, 13_000, 4000][number % 4]!
    const props = confluentProps(server, {
      'flush.size': String(flush),
      's3.part.size': '5242880',
      'rotate.schedule.interval.ms': '150',
      timezone: 'UTC',
    })
    const kills = number < 8 ? 3 + ((number * 7) % 13) : Number.POSITIVE_INFINITY
    const life = await live(props, committed, end, kills)
    committed = life.committed
    done = life.done
  }
  const offsets = (await lake.lines()).map(line => (JSON.parse(line) as { offset: number }).offset)
  const delivered = offsets.filter(offset => offset < committed).sort((a, b) => a - b)
  expect(delivered).toEqual(Array.from({ length: committed }, (_, offset) => offset))
  expect(new Set(offsets).size).toBe(offsets.length)
  expect(committed).toBeGreaterThan(end - 13_000)
  // Only the last life's own one may be there.
  expect((await lake.uploads()).length).toBeLessThanOrEqual(1)
})
