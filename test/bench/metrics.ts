/** What a run can say, in the order of the tables. CPU first: on shared machines it is the steady figure. */
export const metrics = {
  cpuSecondsPerMillion: { title: 'CPU s per million', digits: 2, better: 'less' },
  recordsPerSecond: { title: 'records/s', digits: 0, better: 'more' },
  wallSeconds: { title: 'wall s', digits: 2, better: 'less' },
  cpuSeconds: { title: 'CPU s', digits: 2, better: 'less' },
  peakRssMb: { title: 'peak RSS MB', digits: 0, better: 'less' },
  rssMb: { title: 'RSS MB', digits: 0, better: 'less' },
  readyMs: { title: 'REST ready ms', digits: 0, better: 'less' },
  connectorsMs: { title: 'connectors listed ms', digits: 0, better: 'less' },
  cpuToReadySeconds: { title: 'CPU s to ready', digits: 2, better: 'less' },
  threads: { title: 'threads', digits: 0, better: 'less' },
  firstRecordMs: { title: 'first record ms', digits: 0, better: 'less' },
  megabytes: { title: 'MB at the destination', digits: 1, better: 'less' },
  objects: { title: 'objects', digits: 0, better: 'less' },
  balancedMs: { title: 'all RUNNING and balanced ms', digits: 0, better: 'less' },
  falselyRunningMs: { title: 'dead tasks shown RUNNING ms', digits: 0, better: 'less' },
  movedPauseMs: { title: 'longest pause of a task that moved ms', digits: 0, better: 'less' },
  stayedPauseMs: { title: 'longest pause of a task that stayed ms', digits: 0, better: 'less' },
  latencyMedianMs: { title: 'latency median ms', digits: 1, better: 'less' },
  latencyP99Ms: { title: 'latency p99 ms', digits: 1, better: 'less' },
  databaseSeconds: { title: 'database wrote s', digits: 2, better: 'less' },
} as const satisfies Record<
  string,
  { readonly title: string; readonly digits: number; readonly better: 'less' | 'more' }
>

export type Metric = keyof typeof metrics

/** One run's figures. */
export type Figures = Readonly<Partial<Record<Metric, number>>>

/** Figures of one run by what was measured: '' when the benchmark measures one thing. */
export type Sample = Readonly<Record<string, Figures>>

export const metricNames = Object.keys(metrics) as readonly Metric[]
