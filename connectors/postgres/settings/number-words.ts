import type { ConfigSpec } from 'millrace'

interface Rule {
  readonly words: string
  /** The smallest value that is taken. */
  readonly least?: number
  readonly keys: readonly string[]
}

// What Debezium checks of a setting beyond its type, and says; some checks are the type once more.
const rules: readonly Rule[] = [
  {
    words: 'An integer is expected',
    keys: ['database.port', 'slot.max.retries', 'slot.retry.delay.ms', 'errors.max.retries'],
  },
  {
    words: "Either 'true' or 'false' is expected",
    keys: [
      'database.tcpKeepAlive',
      'flush.lsn.source',
      'extended.headers.enabled',
      'publish.via.partition.root',
      'tombstones.on.delete',
      'table.ignore.builtin',
      'include.schema.comments',
    ],
  },
  {
    words: 'A positive, non-zero integer value is expected',
    least: 1,
    keys: [
      'status.update.interval.ms',
      'lsn.flush.timeout.ms',
      'max.batch.size',
      'poll.interval.ms',
      'snapshot.max.threads',
      'snapshot.max.threads.multiplier',
      'signal.poll.interval.ms',
    ],
  },
  {
    words: 'A positive, non-zero long value is expected',
    least: 1,
    keys: ['retriable.restart.connector.wait.ms', 'connection.validation.timeout.ms', 'executor.shutdown.timeout.ms'],
  },
  {
    words: 'An non-negative integer is expected',
    least: 0,
    keys: [
      'snapshot.fetch.size',
      'query.fetch.size',
      'guardrail.collections.max',
      'incremental.snapshot.chunk.size',
      'heartbeat.interval.ms',
    ],
  },
  {
    words: 'A non-negative long value is expected',
    least: 0,
    keys: ['xmin.fetch.interval.ms', 'max.queue.size.in.bytes', 'snapshot.delay.ms', 'streaming.delay.ms'],
  },
]

const types: Readonly<Record<string, { readonly words: string; readonly holds: (text: string) => boolean }>> = {
  INT: { words: 'An integer is expected', holds: text => isWhole(text) && Math.abs(Number(text)) < 2 ** 31 },
  LONG: { words: 'A long value is expected', holds: text => isWhole(text) },
  BOOLEAN: { words: "Either 'true' or 'false' is expected", holds: text => /^\s*(true|false)\s*$/i.test(text) },
}

const isWhole = (text: string): boolean => /^\s*[+-]?\d+\s*$/.test(text)

/** The same settings, with problems of numbers and booleans in the words that users of Debezium know. */
export const inKnownWords = <C extends ConfigSpec>(spec: C): C =>
  Object.fromEntries(
    Object.entries(spec).map(([key, field]) => {
      const type = types[field.type]
      if (type === undefined) return [key, field]
      const rule = rules.find(({ keys }) => keys.includes(key))
      const says = (text: string): readonly string[] => {
        const fits = type.holds(text)
        const found = fits ? [] : [type.words]
        if (rule !== undefined && (!fits || Number(text) < (rule.least ?? Number.NEGATIVE_INFINITY)))
          found.push(rule.words)
        return found.map(words => `The '${key}' value is invalid: ${words}`)
      }
      return [key, { ...field, options: { ...field.options, says } }]
    }),
  ) as C
