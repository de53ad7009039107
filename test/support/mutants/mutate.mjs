// Preloaded into a worker to break it on purpose: MILLRACE_MUTANT names one of these changes of the runtime's sources.
import { registerHooks } from 'node:module'

const mutants = {
  // Invariant 1 broken: an offset counts as soon as its record was submitted.
  'source-offset-before-acknowledgement': {
    file: '/runtime/task/submitted-records.ts',
    from: 'runs[whole]!.acked === runs[whole]!.submitted',
    to: 'runs[whole]!.submitted > 0',
  },
  // Invariant 3 broken: offsets are committed whatever the sink says is delivered.
  'sink-offset-before-delivery': {
    file: '/runtime/task/sink-committer.ts',
    from: 'return commit\n',
    to: 'return upTo\n',
  },
  // Not broken, but quicker: tests of a store that never answers need not wait a minute.
  's3-silence-of-two-seconds': {
    file: '/connectors/s3/store.ts',
    from: 'silenceTimeoutMs = 60_000',
    to: 'silenceTimeoutMs = 2000',
  },
}

const mutant = mutants[process.env.MILLRACE_MUTANT]
if (mutant === undefined) throw new Error(`There is no mutant "${process.env.MILLRACE_MUTANT}"`)
registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    if (!url.split('?')[0].endsWith(mutant.file)) return loaded
    const source = String(loaded.source)
    if (source.split(mutant.from).length !== 2)
      throw new Error(`The mutant ${process.env.MILLRACE_MUTANT} no longer fits ${mutant.file}: adapt it`)
    return { ...loaded, source: source.replace(mutant.from, mutant.to) }
  },
})
