import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { loadFailure } from '../../../runtime/plugins/load-failure.ts'

/** In plain Node, not in the test runner's own loader. */
const stackOf = (url: string): Promise<{ message: string; stack: string }> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(
      `import(${JSON.stringify(url)}).catch(({ message, stack }) => require('node:worker_threads').parentPort.postMessage({ message, stack }))`,
      { eval: true },
    )
    worker.once('message', resolve)
    worker.once('error', reject)
  })

test('the line of a syntax error in TypeScript is named', async () => {
  const name = 'bad.ts'
  const folder = await mkdtemp(join(tmpdir(), 'millrace-plugins-'))
  try {
    await writeFile(join(folder, name), 'const a = 1\nexport default (\n')
    const { message, stack } = await stackOf(`${pathToFileURL(join(folder, name)).href}?version=2`)
    const error = Object.assign(new SyntaxError(message), { stack })
    expect(loadFailure(error)).toBe(`${message} (${name}:2)`)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('other failures are told as they are', () => {
  expect(loadFailure(new Error('no such thing'))).toBe('no such thing')
  expect(loadFailure('odd')).toBe('odd')
})
