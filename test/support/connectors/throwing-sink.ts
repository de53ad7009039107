import { appendFileSync, existsSync } from 'node:fs'
import { ConnectError, c, defineSink } from 'millrace'

/**
 * Keeps values and appends them to a file when it is flushed; the method named by `throw.in` throws as long as the file is there.
 */
export default defineSink({
  class: 'test.ThrowingSinkConnector',
  version: '1.0.0',
  doc: 'Fails in one of its methods; for tests of tasks.',
  config: {
    'output.file': c.string('Where the values go.'),
    'throw.in': c.string('The method that throws.', {
      values: ['open', 'assigned', 'write', 'flush', 'revoked', 'close'],
    }),
    'trouble.file': c.string('It throws while this exists.'),
  },
  open(config) {
    const trouble = (method: string): void => {
      if (config.throwIn === method && existsSync(config.troubleFile)) throw new ConnectError(`no ${method} today`)
    }
    trouble('open')
    let kept: string[] = []
    return {
      assigned: () => trouble('assigned'),
      write(batch) {
        trouble('write')
        kept.push(
          ...batch.map(
            ({ original, value }) => `${original.topic}-${original.partition}@${original.offset} ${value}\n`,
          ),
        )
      },
      flush() {
        trouble('flush')
        appendFileSync(config.outputFile, kept.join(''))
        kept = []
      },
      revoked() {
        kept = []
        trouble('revoked')
      },
      close: () => trouble('close'),
    }
  },
})
