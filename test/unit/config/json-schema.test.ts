import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { c } from '../../../runtime/api/index.ts'
import { jsonSchemaOf } from '../../../runtime/config/json-schema.ts'

const spec = {
  url: c.string('Where.', { nonEmpty: true }),
  mode: c.string('How.', { values: ['fast', 'slow'], default: 'fast' }),
  loose: c.string('How, in any case.', { values: ['a'], ignoreCase: true, optional: true }),
  'batch.size': c.int('How many.', { default: 5, min: 1, max: 10 }),
  ratio: c.double('How much.', { default: 0.5 }),
  on: c.boolean('Whether.', { default: true }),
  hosts: c.list('Which.', { default: ['a', 'b'] }),
  password: c.password('Secret.', { default: 'never shown' }),
}

test('is a schema that accepts what validation accepts, and names what is wrong', () => {
  const schema = jsonSchemaOf('Example', spec)
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema)
  const good = [
    { url: 'x' },
    { url: 'x', mode: 'slow', 'batch.size': 3, ratio: '0.25', on: 'TRUE', hosts: 'a,b', loose: 'A', other: null },
    { url: 'x', 'batch.size': '7', on: false, password: '${file:/p:k}', mode: '${env::MODE}' },
  ]
  for (const config of good) expect(validate(config), JSON.stringify([config, validate.errors])).toBe(true)
  const bad = [
    {},
    { url: '' },
    { url: 'x', mode: 'medium' },
    { url: 'x', 'batch.size': 11 },
    { url: 'x', 'batch.size': 'many' },
    { url: 'x', on: 'yes' },
    { url: 'x', ratio: 'half' },
  ]
  for (const config of bad) expect(validate(config), JSON.stringify(config)).toBe(false)
})

test('requires what has no default, and never shows a secret', () => {
  const schema = jsonSchemaOf('Example', spec)
  expect(schema['required']).toEqual(['url'])
  expect(JSON.stringify(schema)).not.toContain('never shown')
})
