import { DataError, isDataError } from '../../api/errors.ts'
import { inHashOrder } from '../../api/hash-order.ts'
import { quoteJson } from '../../api/json-text.ts'
import { DECIMAL } from '../../api/logical.ts'
import type { Schema } from '../../api/schema.ts'
import { toBytes } from '../json-bytes.ts'
import { compileWriter } from './encode.ts'
import {
  enumParameter,
  generalEnum,
  indexKeyword,
  type JsonSchemaSettings,
  nullSymbol,
  ownPrefix,
  parametersKeyword,
  typeKeyword,
  versionKeyword,
} from './settings.ts'
import { isUnion } from './unions.ts'

type Entry = readonly [keyword: string, json: string]

/** Confluent's converter writes properties so, and a registry takes the same schema in another order for another one. */
const nameOf = ([name]: Entry): string => name

interface Shape {
  readonly type?: string
  readonly connectType?: string
  /** Keywords of this type alone, which come last. */
  readonly own?: readonly Entry[]
}

const objectText = (entries: readonly Entry[]): string =>
  `{${entries.map(([name, json]) => `${quoteJson(name)}:${json}`).join()}}`

const nullText = '{"type":"null"}'

/** The symbols of a text that is an enum; undefined for any other. */
const symbolsOf = ({ parameters }: Schema): readonly string[] | undefined => {
  if (parameters === undefined) return undefined
  const name = [generalEnum, enumParameter].find(parameter => parameter in parameters)
  if (name === undefined) return undefined
  const prefix = `${name}.`
  // The values of the general ones are numbers; the names hold the symbols in both.
  return Object.keys(parameters).flatMap(key => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []))
}

class Text {
  readonly #settings: JsonSchemaSettings

  constructor(settings: JsonSchemaSettings) {
    this.#settings = settings
  }

  /** `index`: the place of a field in its struct. `bare`: null is not among the values. */
  of(schema: Schema, place: string, index?: number, bare = !schema.optional): string {
    const at: readonly Entry[] = index === undefined ? [] : [[indexKeyword, `${index}`]]
    if (isUnion(schema)) {
      const branches = schema.fields.map(field => this.of(field.schema, `${place}.${field.name}`, field.index, true))
      return objectText([...at, ['oneOf', `[${(bare ? branches : [nullText, ...branches]).join()}]`]])
    }
    if (!bare) return objectText([...at, ['oneOf', `[${nullText},${this.#plain(schema, place, [])}]`]])
    return this.#plain(schema, place, at)
  }

  #plain(schema: Schema, place: string, at: readonly Entry[]): string {
    const { type, connectType, own = [] } = this.#shape(schema, place)
    const entries: Entry[] = []
    if (type !== undefined) entries.push(['type', quoteJson(type)])
    if (schema.name !== undefined) entries.push(['title', quoteJson(schema.name)])
    if (schema.doc !== undefined) entries.push(['description', quoteJson(schema.doc)])
    if (schema.default !== undefined && schema.default !== null) entries.push(['default', this.#default(schema, place)])
    const remembered: Entry[] = [...at]
    if (connectType !== undefined) remembered.push([typeKeyword, quoteJson(connectType)])
    if (schema.version !== undefined) remembered.push([versionKeyword, `${schema.version}`])
    // The mapping's own say what the schema's other keywords say.
    const parameters = Object.entries(schema.parameters ?? {})
      .filter(([name]) => !name.startsWith(ownPrefix))
      .map(([name, value]): Entry => [name, quoteJson(value)])
    if (parameters.length > 0) remembered.push([parametersKeyword, objectText(inHashOrder(parameters, nameOf))])
    return objectText([...entries, ...inHashOrder(remembered, nameOf), ...own])
  }

  #shape(schema: Schema, place: string): Shape {
    switch (schema.type) {
      case 'INT8':
      case 'INT16':
      case 'INT32':
      case 'INT64':
        return { type: 'integer', connectType: schema.type.toLowerCase() }
      case 'FLOAT32':
      case 'FLOAT64':
        return { type: 'number', connectType: schema.type.toLowerCase() }
      case 'BOOLEAN':
        return { type: 'boolean' }
      case 'STRING': {
        const symbols = symbolsOf(schema)
        if (symbols === undefined) return { type: 'string' }
        return {
          own: [['enum', `[${symbols.map(symbol => (symbol === nullSymbol ? 'null' : quoteJson(symbol))).join()}]`]],
        }
      }
      case 'BYTES': {
        const isNumber = schema.name === DECIMAL && this.#settings.decimals === 'NUMERIC'
        return { type: isNumber ? 'number' : 'string', connectType: 'bytes' }
      }
      case 'ARRAY':
        return { type: 'array', own: [['items', this.#item(schema, place)]] }
      case 'MAP':
        return this.#map(schema, place)
      case 'STRUCT':
        return { type: 'object', own: this.#struct(schema, place) }
    }
  }

  #item({ type, valueSchema }: Schema, place: string): string {
    if (valueSchema !== undefined) return this.of(valueSchema, `${place}[]`)
    throw new DataError(`${place}: an ${type} whose values have no schema cannot be written as JSON Schema`)
  }

  #map(schema: Schema, place: string): Shape {
    const { keySchema } = schema
    if (keySchema === undefined)
      throw new DataError(`${place}: a MAP whose keys have no schema cannot be written as JSON Schema`)
    const value = this.#item(schema, place)
    if (keySchema.type === 'STRING' && !keySchema.optional)
      return { type: 'object', connectType: 'map', own: [['additionalProperties', value]] }
    const key = this.of(keySchema, `${place}.key`, 0)
    const indexed = this.of(schema.valueSchema!, `${place}[]`, 1)
    const pair: readonly Entry[] = [
      ['key', key],
      ['value', indexed],
    ]
    const items = objectText([
      ['type', '"object"'],
      ['properties', objectText(inHashOrder(pair, nameOf))],
    ])
    return { type: 'array', connectType: 'map', own: [['items', items]] }
  }

  #struct(schema: Schema, place: string): readonly Entry[] {
    const own: Entry[] = []
    const properties = schema.fields.map(
      ({ name, index, schema: field }): Entry => [name, this.of(field, `${place}.${name}`, index)],
    )
    if (properties.length > 0) own.push(['properties', objectText(inHashOrder(properties, nameOf))])
    if (!this.#settings.openObjects) own.push(['additionalProperties', 'false'])
    return own
  }

  #default(schema: Schema, place: string): string {
    try {
      return toBytes(compileWriter(schema, this.#settings, place), schema.default).toString()
    } catch (error) {
      if (!isDataError(error)) throw error
      throw new DataError(`${place}: the default does not fit the schema`, { cause: error })
    }
  }
}

/** The text of the JSON Schema that stands for a Connect schema, with members in the order of Confluent's. Throws DataError. */
export const textFromConnect = (schema: Schema, settings: JsonSchemaSettings): string =>
  new Text(settings).of(schema, schema.name ?? 'value')
