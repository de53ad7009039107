import { open } from 'node:fs/promises'
import { ConnectError, c, defineSink, javaText } from 'millrace'

interface Output {
  write(text: string): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

const toFile = async (path: string): Promise<Output> => {
  const failed = (cause: unknown): never => {
    throw new ConnectError(`Cannot write to ${path}: ${(cause as Error).message}`, { cause })
  }
  const handle = await open(path, 'a').catch(failed)
  const regular = (await handle.stat()).isFile()
  return {
    write: text => handle.appendFile(text, 'utf8').catch(failed),
    sync: () => (regular ? handle.datasync().catch(failed) : Promise.resolve()),
    close: () => handle.close(),
  }
}

const toStdout: Output = {
  write: text =>
    new Promise((resolve, reject) => {
      process.stdout.write(text, error => (error ? reject(error) : resolve()))
    }),
  sync: () => Promise.resolve(),
  close: () => Promise.resolve(),
}

export default defineSink({
  class: 'org.apache.kafka.connect.file.FileStreamSinkConnector',
  aliases: ['FileStreamSinkConnector', 'FileStreamSink'],
  version: '4.3.0',
  doc: "Appends each record's value as one line of text to a file, as Java's toString shows it.",
  config: {
    file: c.string('File to append to; made when missing. When not set, lines go to standard output.', {
      optional: true,
      importance: 'HIGH',
    }),
  },
  keepsNothing: true,

  async open(config) {
    const output = config.file === undefined ? toStdout : await toFile(config.file)
    return {
      async write(batch) {
        if (batch.length === 0) return
        let text = ''
        for (const record of batch) text += `${javaText(record.valueSchema, record.value, 'utf8')}\n`
        await output.write(text)
      },
      // The offsets may be committed once the lines would survive the machine, not only the process.
      flush: () => output.sync(),
      close: () => output.close(),
    }
  },
})
