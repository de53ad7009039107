import { defineTransform } from 'millrace'

export default defineTransform({
  class: 'org.apache.kafka.connect.transforms.Filter',
  version: '4.3.0',
  doc: 'Drops all records: to be used with a predicate, which says for which ones it is applied.',
  config: {},
  ignoresPayload: true,
  examples: [{ title: 'drops the record', config: {}, input: { value: { id: 1 } }, output: null }],
  create: () => ({ apply: () => null }),
})
