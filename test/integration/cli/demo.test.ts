import { spawn } from 'node:child_process'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { command } from '../../support/pipeline-world.ts'

test.each([
  ['JSON', []],
  ['Avro and a schema registry', ['--avro']],
])('the demo accounts for every row in %s; Ctrl-C ends it, and nothing of it stays', async (_, more) => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-cli-'))
  // PostgreSQL runs as another user where the tests run as root.
  await chmod(folder, 0o755)
  const child = spawn(process.execPath, [command, 'demo', '--rows', '100', '--keep', ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: folder, NODE_DISABLE_COMPILE_CACHE: '1' },
    detached: true,
  })
  const end = (signal: NodeJS.Signals) => process.kill(-child.pid!, signal)
  try {
    let out = ''
    child.stderr.on('data', (text: Buffer) => {
      out += text.toString()
    })
    child.stdout.on('data', (text: Buffer) => {
      out += text.toString()
      // As a terminal does: the servers hear it too.
      if (out.includes('Ctrl-C ends it')) end('SIGINT')
    })
    const code = await new Promise(resolve => child.once('close', resolve))
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringMatching(/Every one of 100 inserts.*exactly once[\s\S]*cleans up\.\n$/),
    })
    expect(await readdir(folder)).toEqual([])
  } finally {
    if (child.exitCode === null) end('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  }
})
