import { c, definePredicate } from 'millrace'

export default definePredicate({
  class: 'org.apache.kafka.connect.transforms.predicates.HasHeaderKey',
  version: '4.3.0',
  doc: 'True for records with at least one header of a name.',
  config: { name: c.string('The header name.', { importance: 'MEDIUM', nonEmpty: true }) },
  create: ({ name }) => ({ test: record => record.headers?.some(header => header.key === name) ?? false }),
})
