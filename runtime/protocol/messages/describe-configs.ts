import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Settings of topics, brokers and groups. */
export const describeConfigs = api({
  key: 32,
  name: 'DescribeConfigs',
  versions: [0, 4],
  flexible: 4,
  request: struct({
    resources: f.array(
      struct({
        resourceType: f.int8('0+'),
        resourceName: f.string('0+'),
        configurationKeys: f.array('string', '0+', { nullable: '0+' }),
      }),
      '0+',
    ),
    includeSynonyms: f.boolean('1+'),
    includeDocumentation: f.boolean('3+'),
  }),
  response: struct({
    throttleTimeMs: f.int32('0+'),
    results: f.array(
      struct({
        errorCode: f.int16('0+'),
        errorMessage: f.string('0+', { nullable: '0+' }),
        resourceType: f.int8('0+'),
        resourceName: f.string('0+'),
        configs: f.array(
          struct({
            name: f.string('0+'),
            value: f.string('0+', { nullable: '0+' }),
            readOnly: f.boolean('0+'),
            isDefault: f.boolean('0', { ignorable: true }),
            configSource: f.int8('1+', { default: -1, ignorable: true }),
            isSensitive: f.boolean('0+'),
            synonyms: f.array(
              struct({ name: f.string('1+'), value: f.string('1+', { nullable: '0+' }), source: f.int8('1+') }),
              '1+',
              { ignorable: true },
            ),
            configType: f.int8('3+', { ignorable: true }),
            documentation: f.string('3+', { nullable: '0+', ignorable: true }),
          }),
          '0+',
        ),
      }),
      '0+',
    ),
  }),
})
