import { c, DataError, defineTransform, s } from 'millrace'
import { expressionConfig, expressionProblem, withExpression } from './cel-expression.ts'

const valueSchema = s.struct({ op: s.string() })

export default defineTransform({
  class: 'io.debezium.transforms.ContentBasedRouter',
  version: '0.1.0',
  doc: 'Sends each record to the topic that an expression gives; null leaves it where it is. Expressions are in CEL, with the variables value, key, topic, valueSchema, keySchema and header (header.NAME.value).',
  config: {
    'topic.expression': c.string("The expression: value.op == 'u' ? 'updates' : topic.", {
      importance: 'HIGH',
      nonEmpty: true,
      check: expressionProblem,
    }),
    ...expressionConfig,
  },
  examples: [
    {
      title: 'sends updates elsewhere',
      config: { 'topic.expression': "value.op == 'u' ? topic + '.updates' : topic" },
      input: { topic: 'orders', valueSchema, value: { op: 'u' } },
      output: { topic: 'orders.updates' },
    },
    {
      title: 'leaves a record for which the expression gives null',
      config: { 'topic.expression': "value.op == 'u' ? dyn('updates') : dyn(null)" },
      input: { topic: 'orders', valueSchema, value: { op: 'c' } },
      output: { topic: 'orders' },
    },
    {
      title: 'is for some topics only',
      config: { 'topic.expression': "'all'", 'topic.regex': 'shop\\..*' },
      input: { topic: 'orders', valueSchema, value: { op: 'c' } },
      output: { topic: 'orders' },
    },
    {
      title: 'refuses what is no topic',
      config: { 'topic.expression': 'size(value.op)' },
      input: { topic: 'orders', valueSchema, value: { op: 'c' } },
      throws: 'topic.expression: size(value.op) gives no topic',
    },
  ],
  create: config =>
    withExpression(config, 'topic.expression', config.topicExpression, (record, expression) => {
      const topic = expression(record)
      if (topic === null) return record
      if (typeof topic !== 'string' || topic === '')
        throw new DataError(
          `topic.expression: ${config.topicExpression} gives no topic but ${JSON.stringify(String(topic))}`,
        )
      return topic === record.topic ? record : { ...record, topic }
    }),
})
