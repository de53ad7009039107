import { c, defineTransform, javaReplacement, matchesWhole, regexProblem } from 'millrace'

export default defineTransform({
  class: 'org.apache.kafka.connect.transforms.RegexRouter',
  version: '4.3.0',
  doc: 'Renames the topic of a record when the whole name matches a regular expression.',
  config: {
    regex: c.string('Regular expression to use for matching.', {
      importance: 'HIGH',
      accepts: 'valid regex',
      check: regexProblem,
    }),
    replacement: c.string('Replacement string; $1 is what the first group matched.', { importance: 'HIGH' }),
  },
  ignoresPayload: true,
  examples: [
    {
      title: 'takes a part of the name',
      config: { regex: 'shop\\.public\\.(.*)', replacement: '$1' },
      input: { topic: 'shop.public.orders', value: 1 },
      output: { topic: 'orders' },
    },
    {
      title: 'leaves a topic that does not match',
      config: { regex: 'a', replacement: 'b' },
      input: { topic: 'aa', value: 1 },
      output: { topic: 'aa' },
    },
    {
      title: 'replaces the first match only',
      config: { regex: '(.)(.*)', replacement: '$2-$1' },
      input: { topic: 'abc', value: 1 },
      output: { topic: 'bc-a' },
    },
    {
      title: 'refuses a group that is not there',
      config: { regex: 'a', replacement: '$1' },
      input: { topic: 'a', value: 1 },
      throws: 'No group 1',
    },
  ],
  create({ regex, replacement }) {
    const match = matchesWhole(regex)
    return {
      apply(record) {
        const found = match(record.topic)
        return found === null ? record : { ...record, topic: javaReplacement(replacement, found) }
      },
    }
  },
})
