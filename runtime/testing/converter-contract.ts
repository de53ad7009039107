import assert from 'node:assert/strict'
import { ByteWriter } from '../api/byte-writer.ts'
import type { ConfigSpec } from '../api/config.ts'
import type { Converter, ConverterDefinition, SchemaAndValue } from '../api/define.ts'
import { isDataError } from '../api/errors.ts'
import { resolveLazy } from '../api/lazy.ts'
import { checkDescription, type DeclareTest, parsedConfig } from './contract.ts'

export interface ConverterContract<C extends ConfigSpec> {
  readonly test: DeclareTest
  readonly converter: ConverterDefinition<C>
  readonly config?: Readonly<Record<string, string>>
  /** Values that come back as they went; `back` where the schema changes on the way (a converter that keeps none). */
  readonly values: readonly (SchemaAndValue & { readonly back?: SchemaAndValue })[]
  /** Bytes that are no value: must throw DataError and nothing else. */
  readonly garbage?: readonly Uint8Array[]
}

/** Declares the tests that every converter must pass: round trips, null, the in-place path, garbage. */
export const converterContract = <C extends ConfigSpec>({
  test,
  converter,
  config = {},
  values,
  garbage = [],
}: ConverterContract<C>): void => {
  const create = () => converter.create(parsedConfig(converter.config, config), 'value')

  test('describes itself', async () => checkDescription(converter))

  // As a worker does it: told of what comes, then asked.
  const encoded = async (made: Converter, { schema, value }: SchemaAndValue): Promise<Uint8Array | null> => {
    await made.prepare?.({ topic: 'topic', schemas: [schema] })
    return made.encode('topic', schema, value)
  }

  test('brings values back', async () => {
    const made = create()
    for (const { schema, value, back } of values) {
      const bytes = await encoded(made, { schema, value })
      if (bytes !== null) await made.prepareDecode?.({ topic: 'topic', payloads: [bytes] })
      const decoded = made.decode('topic', bytes)
      assert.deepEqual({ schema: decoded.schema, value: resolveLazy(decoded.value) }, back ?? { schema, value })
    }
  })

  test('writes the same bytes in place', async () => {
    const made = create()
    if (made.encodeInto === undefined) return
    for (const { schema, value } of values) {
      const bytes = await encoded(made, { schema, value })
      const writer = new ByteWriter(16)
      writer.writeText('before')
      const start = writer.pos
      const written = made.encodeInto(writer, 'topic', schema, value)
      assert.equal(written, bytes !== null)
      if (bytes !== null) assert.deepEqual(Buffer.from(writer.buf.subarray(start, writer.pos)), Buffer.from(bytes))
    }
  })

  test('keeps null bytes null', async () => {
    assert.equal(create().decode('topic', null).value, null)
  })

  test('refuses garbage with a DataError', async () => {
    const made = create()
    for (const bytes of garbage) {
      await made.prepareDecode?.({ topic: 'topic', payloads: [bytes] })
      assert.throws(
        () => resolveLazy(made.decode('topic', bytes).value),
        (error: unknown) => isDataError(error) || assert.fail(`threw ${error}, which is no DataError`),
      )
    }
  })
}
