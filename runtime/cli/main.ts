import { type Command, exitCodes } from './command.ts'
import { demoHelp } from './demo/help.ts'
import { brokerHelp, mainHelp, registryHelp, workerHelp } from './help.ts'

// Each is imported when it is asked for: `--help` and `broker` must not pay for the worker.
const commands: Readonly<Record<string, { readonly help: string; readonly load: () => Promise<Command> }>> = {
  worker: { help: workerHelp, load: async () => (await import('./worker-command.ts')).workerCommand },
  broker: { help: brokerHelp, load: async () => (await import('./broker-command.ts')).brokerCommand },
  registry: { help: registryHelp, load: async () => (await import('./registry-command.ts')).registryCommand },
  demo: { help: demoHelp, load: async () => (await import('./demo/command.ts')).demoCommand },
}

/** Runs the `millrace` command and ends the process. */
export const main = async (args: readonly string[]): Promise<void> => {
  const [name, ...rest] = args
  if (name === '--version' || name === '-v') {
    const { version } = await import('./version.ts')
    console.log(version)
    return
  }
  const command = name === undefined ? undefined : commands[name]
  if (command === undefined) {
    const asked = name === undefined || name === '--help' || name === '-h' || name === 'help'
    const topic = name === 'help' ? commands[rest[0] ?? '']?.help : undefined
    if (asked) console.log(topic ?? mainHelp)
    else console.error(`millrace: there is no command "${name}".\n\n${mainHelp}`)
    process.exitCode = name === undefined || !asked ? exitCodes.usage : 0
    return
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    console.log(command.help)
    return
  }
  const run = await command.load()
  process.exitCode = await run(rest)
}
