import { c, DataError, defineTransform, javaDateFormat } from 'millrace'

/** For how many milliseconds a formatted time stays the same; a letter in quotes only makes it shorter. */
const steadyMs = (pattern: string): number => {
  if (pattern.includes('S')) return 1
  if (pattern.includes('s')) return 1000
  if (pattern.includes('m')) return 60_000
  return /[HkKha]/.test(pattern) ? 3_600_000 : 86_400_000
}

export default defineTransform({
  class: 'org.apache.kafka.connect.transforms.TimestampRouter',
  version: '4.3.0',
  doc: 'Puts the timestamp of a record into the name of its topic.',
  config: {
    'topic.format': c.string('Format string which can contain ${topic} and ${timestamp} as placeholders.', {
      default: '${topic}-${timestamp}',
      importance: 'HIGH',
    }),
    'timestamp.format': c.string(
      'Format string for the timestamp that is compatible with java.text.SimpleDateFormat.',
      { default: 'yyyyMMdd', importance: 'HIGH' },
    ),
  },
  ignoresPayload: true,
  examples: [
    {
      title: 'adds the day',
      config: {},
      input: { topic: 'orders', value: 1, timestamp: 1_700_000_000_000 },
      output: { topic: 'orders-20231114' },
    },
    {
      title: 'takes a format',
      config: { 'topic.format': '${timestamp}.${topic}', 'timestamp.format': "yyyy-MM-dd'T'HH" },
      input: { topic: 'orders', value: 1, timestamp: 1_700_000_000_000 },
      output: { topic: '2023-11-14T22.orders' },
    },
    {
      title: 'needs a timestamp',
      config: {},
      input: { topic: 'orders', value: 1 },
      throws: 'Timestamp missing on record',
    },
  ],
  create({ topicFormat, timestampFormat }) {
    let format: ((date: Date) => string) | undefined
    const steady = steadyMs(timestampFormat)
    // Neighbours mostly go to the same topic in the same span of time.
    let lastTopic: string | undefined
    let lastSpan = Number.NaN
    let lastResult = ''
    return {
      apply(record) {
        if (record.timestamp === null || record.timestamp === undefined)
          throw new DataError(`Timestamp missing on record: topic ${record.topic}`)
        // A bad pattern fails when a record comes, as in Kafka Connect.
        format ??= javaDateFormat(timestampFormat)
        const span = Math.floor(record.timestamp / steady)
        if (span !== lastSpan || record.topic !== lastTopic) {
          // In this order: a placeholder that came from the topic's name is replaced as well.
          lastResult = topicFormat
            .split('${topic}')
            .join(record.topic)
            .split('${timestamp}')
            .join(format(new Date(record.timestamp)))
          lastTopic = record.topic
          lastSpan = span
        }
        return { ...record, topic: lastResult }
      },
    }
  },
})
