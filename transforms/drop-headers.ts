import { c, defineTransform, type Header } from 'millrace'

export default defineTransform({
  class: 'org.apache.kafka.connect.transforms.DropHeaders',
  version: '4.3.0',
  doc: 'Removes headers by name.',
  config: {
    headers: c.list('The names of the headers to be removed.', { importance: 'HIGH', nonEmpty: true }),
  },
  ignoresPayload: true,
  examples: [
    {
      title: 'removes every header of a name',
      config: { headers: 'trace,span' },
      input: {
        value: 1,
        headers: [
          { key: 'trace', schema: null, value: 'a' },
          { key: 'kept', schema: null, value: 'b' },
          { key: 'trace', schema: null, value: 'c' },
        ],
      },
      output: { value: 1, headers: [{ key: 'kept', schema: null, value: 'b' }] },
    },
  ],
  create(config) {
    const dropped = new Set(config.headers)
    return {
      apply(record) {
        const { headers } = record
        if (headers === undefined) return record
        const kept: Header[] = []
        for (const header of headers) if (!dropped.has(header.key)) kept.push(header)
        return kept.length === headers.length ? record : { ...record, headers: kept }
      },
    }
  },
})
