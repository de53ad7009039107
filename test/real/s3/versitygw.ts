import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll } from 'vitest'
import type { S3Endpoint } from '../../contract/s3/s3-suite.ts'
import { freePort } from '../../support/free-port.ts'

/** The server's binary: `go install github.com/versity/versitygw/cmd/versitygw@v1.7.0`. */
export const versitygw = process.env['MILLRACE_VERSITYGW']

const answers = async (url: string): Promise<boolean> =>
  fetch(url).then(
    () => true,
    () => false,
  )

/** Runs one for the tests of a file. */
export const useVersitygw = (): (() => S3Endpoint) => {
  let folder: string
  let child: ChildProcess
  let endpoint: S3Endpoint
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-versitygw-'))
    for (const name of ['data', 'sidecar']) await mkdir(join(folder, name))
    const port = await freePort()
    endpoint = {
      url: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      accessKeyId: 'millrace',
      secretAccessKey: 'millrace-secret',
    }
    const args = ['--port', `127.0.0.1:${port}`, '--access', endpoint.accessKeyId, '--secret', endpoint.secretAccessKey]
    child = spawn(
      versitygw!,
      [...args, '--region', endpoint.region, 'posix', '--sidecar', join(folder, 'sidecar'), join(folder, 'data')],
      { stdio: 'ignore' },
    )
    const deadline = Date.now() + 20_000
    while (!(await answers(endpoint.url))) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error('versitygw did not start')
      await delay(50)
    }
  })
  afterAll(async () => {
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill()
    await ended
    await rm(folder, { recursive: true, force: true })
  })
  return () => endpoint
}
