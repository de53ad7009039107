import { parseArgs } from 'node:util'
import { startBroker } from '../broker/broker.ts'
import { askedToEnd, type Command, exitCodes } from './command.ts'
import { brokerHelp } from './help.ts'

/** `millrace broker`: the embedded broker until a signal ends it. */
export const brokerCommand: Command = async args => {
  let options: { port: string; host: string; data: string }
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        port: { type: 'string', default: '9092' },
        host: { type: 'string', default: '127.0.0.1' },
        data: { type: 'string', default: 'data/broker' },
      },
    })
    options = values
    if (!/^\d{1,5}$/.test(options.port) || Number(options.port) > 65535)
      throw new Error(`--port ${options.port} is no port: give a number from 0 to 65535`)
  } catch (error) {
    console.error(`millrace broker: ${(error as Error).message}\n\n${brokerHelp}`)
    return exitCodes.usage
  }
  // Before anybody can know that it runs: who reads the line below may ask it to end at once.
  const asked = askedToEnd()
  try {
    const broker = await startBroker({ dataDir: options.data, host: options.host, port: Number(options.port) })
    console.log(
      `Broker of cluster ${broker.clusterId} at ${broker.bootstrap}, topics in ${options.data}. Ctrl-C ends it.`,
    )
    await asked
    await broker.close()
    return exitCodes.ok
  } catch (error) {
    console.error(`millrace broker: ${(error as Error).message}`)
    return exitCodes.start
  }
}
