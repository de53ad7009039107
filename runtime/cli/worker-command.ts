import { parseArgs } from 'node:util'
import { isConfigError } from '../api/errors.ts'
import type { ReadyMessage } from '../assembly/ready-message.ts'
import { startWorkerProcess, type WorkerProcess } from '../assembly/worker-process.ts'
import { CodedError } from '../base/errors.ts'
import { readConnectorFile } from '../config/connector-files.ts'
import { environmentProperties, readWorkerProperties } from '../config/worker-config.ts'
import { askedToEnd, type Command, exitCodes } from './command.ts'
import { workerHelp } from './help.ts'
import { version } from './version.ts'

const usage = (message: string): number => {
  console.error(`millrace worker: ${message}\n\n${workerHelp}`)
  return exitCodes.usage
}

/** What the user can mend in words, anything else with its stack. */
const failed = (error: unknown): string => {
  if (isConfigError(error)) return error.message
  if (!(error instanceof CodedError) || error.status >= 500) return (error as Error).stack ?? String(error)
  return error.hint === undefined ? error.message : `${error.message}\n${error.hint}`
}

/** `millrace worker`: runs until a signal ends it. */
export const workerCommand: Command = async args => {
  let files: readonly string[]
  try {
    files = parseArgs({ args: [...args], allowPositionals: true, options: {} }).positionals
  } catch (error) {
    return usage((error as Error).message)
  }
  const [file, ...connectorFiles] = files
  if (file === undefined && Object.keys(environmentProperties(process.env)).length === 0)
    return usage('give a properties file, or CONNECT_* variables')
  const asked = askedToEnd()
  let worker: WorkerProcess
  try {
    worker = await startWorkerProcess(await readWorkerProperties(file, process.env), { version })
  } catch (error) {
    console.error(`millrace worker: ${failed(error)}`)
    return exitCodes.configuration
  }
  for (const path of connectorFiles) {
    try {
      const request = await readConnectorFile(path)
      await worker.submit(request).catch((error: unknown) => {
        throw new Error(`The connector ${request.name} of ${path} is refused. ${failed(error)}`)
      })
    } catch (error) {
      console.error(`millrace worker: ${(error as Error).message}`)
      await worker.close()
      return exitCodes.start
    }
  }
  process.send?.({ type: 'ready', rest: worker.rest.url, bootstrap: worker.bootstrap } satisfies ReadyMessage)
  await asked
  await worker.close()
  if (process.connected) process.disconnect()
  return exitCodes.ok
}
