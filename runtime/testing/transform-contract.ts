import assert from 'node:assert/strict'
import type { ConfigSpec } from '../api/config.ts'
import type { Side, TransformDefinition, TransformExample } from '../api/define.ts'
import type { ConnectRecord } from '../api/record.ts'
import { scriptAccess } from '../plugins/script-access.ts'
import { checkDescription, type DeclareTest, parsedConfig } from './contract.ts'

const recordOf = (input: Partial<ConnectRecord>): ConnectRecord => ({
  topic: 'topic',
  partition: 0,
  keySchema: null,
  key: null,
  valueSchema: null,
  value: null,
  timestamp: null,
  headers: [],
  ...input,
})

// Examples of ours may hold code; nothing here comes from a user.
const scripts = scriptAccess({
  folders: [],
  inline: true,
  log: { debug() {}, info() {}, warn() {}, error() {} },
})

/** Runs one example of a transform and compares. */
export const runExample = async <C extends ConfigSpec>(
  transform: TransformDefinition<C>,
  example: TransformExample,
  side: Side,
): Promise<void> => {
  const applied = transform.create(parsedConfig(transform.config, example.config), side, {
    originals: example.config,
    scripts,
  })
  const input = recordOf(example.input)
  const before = structuredClone({ topic: input.topic, partition: input.partition, timestamp: input.timestamp })
  try {
    await applied.start?.()
    if (example.throws !== undefined) {
      assert.throws(
        () => applied.apply(input),
        (error: Error) => error.message.includes(example.throws!) || assert.fail(`threw "${error.message}"`),
      )
      return
    }
    const output = applied.apply(input)
    assert.deepEqual(
      { topic: input.topic, partition: input.partition, timestamp: input.timestamp },
      before,
      'the record given to a transform was changed in place',
    )
    if (example.output === null) assert.equal(output, null)
    else assert.deepEqual({ ...output }, { ...input, ...example.output })
  } finally {
    applied.close?.()
  }
}

/** Declares the tests that every transform must pass: its examples, and that it describes itself. */
export const transformContract = <C extends ConfigSpec>({
  test,
  transform,
}: {
  readonly test: DeclareTest
  readonly transform: TransformDefinition<C>
}): void => {
  test('describes itself, with examples', async () => {
    checkDescription(transform)
    assert.ok(transform.examples.length > 0, 'a transform without examples has no documentation')
  })
  for (const example of transform.examples) {
    test(example.title, async () => runExample(transform, example, example.side ?? transform.sides?.at(-1) ?? 'Value'))
  }
}
