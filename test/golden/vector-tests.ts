import { afterAll, describe, expect, test } from 'vitest'
import { deviations } from './deviations.ts'
import { check, loadCases } from './vector-cases.ts'
import { countedAs, type Line, lineOf, tableText } from './vector-table.ts'

/** Declares a test per case of these captured files (`converters/JsonConverter.read`); the report ends with a table of the classes. */
export const testVectors = (files: readonly string[]): void => {
  const table = new Map<string, Line>()
  for (const file of files) {
    const cases = loadCases(new URL(`./${file}.json`, import.meta.url))
    const expected = deviations[file] ?? {}
    describe(file, () => {
      test.each(cases.filter(({ name }) => !Object.hasOwn(expected, name)).map(one => [one.name, one] as const))(
        '%s',
        async (_, one) => {
          const difference = await check(one)
          lineOf(table, countedAs(one.class, file))[difference === undefined ? 'passed' : 'failed']++
          expect(difference).toBeUndefined()
        },
      )

      test('every deviation is one still, and has a case', async () => {
        for (const name of Object.keys(expected)) {
          const one = cases.find(each => each.name === name)
          expect(one, `${name} is no case`).toBeDefined()
          expect(await check(one!), `${name} no longer differs`).toBeDefined()
          lineOf(table, countedAs(one!.class, file)).waived++
        }
      })
    })
  }
  afterAll(() => console.log(tableText(table)))
}
