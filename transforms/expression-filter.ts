import { c, DataError, defineTransform, s } from 'millrace'
import { expressionConfig, expressionProblem, withExpression } from './cel-expression.ts'

const valueSchema = s.struct({ op: s.string(), id: s.int64() })

export default defineTransform({
  class: 'io.debezium.transforms.Filter',
  version: '0.1.0',
  doc: 'Keeps the records for which an expression is true. Expressions are in CEL, with the variables value, key, topic, valueSchema, keySchema and header (header.NAME.value).',
  config: {
    condition: c.string("The expression: value.op == 'u' && value.before.id == 2.", {
      importance: 'HIGH',
      nonEmpty: true,
      check: expressionProblem,
    }),
    ...expressionConfig,
  },
  examples: [
    {
      title: 'keeps what the expression is true for',
      config: { language: 'cel', condition: "value.op == 'u' && value.id > 9007199254740992" },
      input: { valueSchema, value: { op: 'u', id: 9007199254740993n } },
      output: {},
    },
    {
      title: 'drops the rest',
      config: { condition: "value.op == 'u'" },
      input: { valueSchema, value: { op: 'c', id: 1 } },
      output: null,
    },
    {
      title: 'looks at headers and the topic',
      config: { condition: "topic.startsWith('shop.') && header.tenant.value in ['a', 'b']" },
      input: { topic: 'shop.orders', value: 1, headers: [{ key: 'tenant', schema: s.string(), value: 'a' }] },
      output: {},
    },
    {
      title: 'keeps tombstones, unless null.handling.mode says otherwise',
      config: { condition: 'value.id == 1' },
      input: { value: null },
      output: { value: null },
    },
    {
      title: 'fails at a record without the field',
      config: { condition: 'value.nosuch == 1' },
      input: { valueSchema, value: { op: 'c', id: 1 } },
      throws: 'No such key: nosuch',
    },
  ],
  create: config =>
    withExpression(config, 'condition', config.condition, (record, expression) => {
      const keeps = expression(record)
      if (typeof keeps !== 'boolean')
        throw new DataError(`condition: ${config.condition} is neither true nor false but of type ${typeof keeps}`)
      return keeps ? record : null
    }),
})
