// node in-process.ts MODULE EXPORT JSON: calls an exported function in a fresh process and prints what it resolves to.
// Figures of code that has been run before, by whatever was measured earlier, are another thing.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const execute = promisify(execFile)
const self = fileURLToPath(import.meta.url)

/** The function's result, which must be JSON. Throws with what the process said when it fails. */
export async function inProcess<T>(module: string, name: string, args: readonly unknown[]): Promise<T> {
  const { stdout } = await execute(process.execPath, [self, module, name, JSON.stringify(args)], {
    maxBuffer: 1 << 26,
    timeout: 600_000,
  })
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as T
}

if (process.argv[1] === self) {
  const [module, name, args] = process.argv.slice(2)
  const exported = (await import(module!)) as Record<string, (...given: unknown[]) => unknown>
  console.log(JSON.stringify(await exported[name!]!(...(JSON.parse(args!) as unknown[]))))
}
