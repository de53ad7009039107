/** Kafka Connect's exit codes: 1 wrong usage, 2 the configuration cannot work, 3 the start failed. */
export const exitCodes = { ok: 0, usage: 1, configuration: 2, start: 3 } as const

/** Runs a command with its arguments and resolves to the exit code; what there is to say has been printed. */
export type Command = (args: readonly string[]) => Promise<number>

/** Resolves when the process is asked to end. */
export const askedToEnd = (): Promise<NodeJS.Signals> =>
  new Promise(resolve => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
