import { describe, expect, test } from 'vitest'
import { deviations } from './deviations.ts'
import { check, loadCases } from './vector-cases.ts'

/** Declares a test per case of these captured files (`converters/JsonConverter.read`). */
export const testVectors = (files: readonly string[]): void => {
  for (const file of files) {
    const cases = loadCases(new URL(`./${file}.json`, import.meta.url))
    const expected = deviations[file] ?? {}
    describe(file, () => {
      test.each(cases.filter(({ name }) => !Object.hasOwn(expected, name)).map(one => [one.name, one] as const))(
        '%s',
        async (_, one) => expect(await check(one)).toBeUndefined(),
      )

      test('every deviation is one still, and has a case', async () => {
        for (const name of Object.keys(expected)) {
          const one = cases.find(each => each.name === name)
          expect(one, `${name} is no case`).toBeDefined()
          expect(await check(one!), `${name} no longer differs`).toBeDefined()
        }
      })
    })
  }
}
