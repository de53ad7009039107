import {
  ConfigError,
  type ConnectRecord,
  c,
  DataError,
  defineTransform,
  isRetriable,
  type LoadedScript,
} from 'millrace'

const doubling = `import type { ConnectRecord } from 'millrace'

export default (record: ConnectRecord): ConnectRecord | null => {
  const value = record.value as { amount: number }
  if (value.amount < 0) return null
  return { ...record, value: { ...value, amount: value.amount * 2 } }
}`

export default defineTransform({
  class: 'millrace.transforms.Script',
  aliases: ['Script'],
  version: '0.1.0',
  doc: 'Hands each record to a function that you wrote in TypeScript: it gives back a record, made anew where something changes, or null to drop it. The function is synchronous and runs with all rights of the worker. A changed file is taken up without a restart.',
  config: {
    file: c.string('The file with the function, in a folder of plugin.path.', { optional: true, importance: 'HIGH' }),
    function: c.string('The name under which the file exports the function.', {
      default: 'default',
      importance: 'MEDIUM',
      nonEmpty: true,
    }),
    code: c.string(
      'In place of a file: a TypeScript module whose default export is the function. Only where the worker has millrace.script.inline=true: whoever may submit a connector can then do all that the worker can.',
      { optional: true, importance: 'LOW' },
    ),
  },
  examples: [
    {
      title: 'changes a value',
      config: { code: doubling },
      input: { value: { amount: 2 } },
      output: { value: { amount: 4 } },
    },
    { title: 'drops a record', config: { code: doubling }, input: { value: { amount: -1 } }, output: null },
    {
      title: 'says where an error is from',
      config: { code: doubling },
      input: { value: null },
      throws: 'code:5: Cannot read properties of null',
    },
    {
      title: 'refuses what is no record',
      config: { code: 'export default () => undefined' },
      input: { value: 1 },
      throws: 'the function gave back undefined: it must give back a record, or null to drop it',
    },
  ],
  create(config, _side, { scripts }) {
    const { file, code } = config
    if ((file === undefined) === (code === undefined)) throw new ConfigError('Set either file or code', { key: 'file' })
    if (scripts === undefined) throw new ConfigError('Scripts run in the tasks of a worker only', { key: 'file' })
    let script: LoadedScript | undefined
    return {
      async start() {
        script = file === undefined ? await scripts.inline(code!) : await scripts.file(file, config.function)
      },
      apply(record) {
        const { run, place } = script!
        let made: unknown
        try {
          made = (run as (record: ConnectRecord) => unknown)(record)
        } catch (error) {
          if (isRetriable(error)) throw error
          throw new DataError(`${place(error)}: ${error instanceof Error ? error.message : String(error)}`, {
            cause: error,
          })
        }
        if (made === null) return null
        if (typeof made === 'object' && typeof (made as Partial<ConnectRecord>).topic === 'string')
          return made as ConnectRecord
        const what = made instanceof Promise ? 'a promise' : typeof made
        // What it rejects with is of no use: the record has failed already.
        if (made instanceof Promise) made.catch(() => undefined)
        throw new DataError(
          `${place(undefined)}: the function gave back ${what}: it must give back a record, or null to drop it`,
        )
      },
      close: () => script?.close(),
    }
  },
})
