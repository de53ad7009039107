import { c, definePredicate, matchesWhole, regexProblem } from 'millrace'

export default definePredicate({
  class: 'org.apache.kafka.connect.transforms.predicates.TopicNameMatches',
  version: '4.3.0',
  doc: 'True for records whose whole topic name matches a regular expression.',
  config: {
    pattern: c.string("A Java regular expression for matching against the name of a record's topic.", {
      importance: 'MEDIUM',
      nonEmpty: true,
      accepts: 'valid regex',
      check: regexProblem,
    }),
  },
  ignoresPayload: true,
  create({ pattern }) {
    const match = matchesWhole(pattern)
    // A source may leave the topic open, whatever its type says: Kafka Connect then answers no.
    return { test: ({ topic }: { readonly topic: string | null }) => topic !== null && match(topic) !== null }
  },
})
