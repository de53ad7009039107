import { ConfigError, c, defineSource, pause } from 'millrace'

/** Splits as it is told, and does what it should not. */
export default defineSource({
  class: 'test.SplitSourceConnector',
  version: '1.0.0',
  doc: 'Splits its work as the settings say; for tests of the worker.',
  config: {
    pieces: c.int('How many work items there are.', { default: 1 }),
    'split.does': c.string('What split does besides.', {
      default: 'nothing',
      values: ['nothing', 'throw', 'block', 'exit', 'throw-later'],
    }),
    'changes.every.ms': c.int('How often the split changes; 0: never.', { default: 0 }),
    password: c.password('A secret.', { optional: true }),
  },
  async split(config, maxTasks) {
    if (config.splitDoes === 'throw')
      throw new ConfigError(`no access with ${config.password?.reveal()}`, { key: 'password' })
    if (config.splitDoes === 'block') for (;;);
    if (config.splitDoes === 'exit') process.exit(7)
    if (config.splitDoes === 'throw-later')
      setTimeout(() => {
        throw new Error('thrown in a timer')
      }, 1)
    return Array.from({ length: Math.min(maxTasks, config.pieces) }, (_, piece) => ({ piece, label: `part ${piece}` }))
  },
  async *changes(config, signal) {
    while (config.changesEveryMs > 0 && !signal.aborted) {
      await pause(config.changesEveryMs, signal)
      yield
    }
    await pause(2 ** 31 - 1, signal)
  },
  open: () => ({
    async *read() {},
  }),
  alterOffsets(_config, offsets) {
    if (offsets.some(({ partition }) => partition['bad'] !== undefined)) throw new ConfigError('bad partition')
    return false
  },
})
