import { definePredicate } from 'millrace'

export default definePredicate({
  class: 'org.apache.kafka.connect.transforms.predicates.RecordIsTombstone',
  version: '4.3.0',
  doc: 'True for records without a value.',
  config: {},
  create: () => ({ test: record => record.value === null || record.value === undefined }),
})
