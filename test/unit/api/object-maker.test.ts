import { inspect } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { objectCopier, objectMaker } from '../../../runtime/api/object-maker.ts'

// More than any of them waits for before it is compiled.
const often = 300

const name = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    '0',
    '1',
    '__proto__',
    'constructor',
    'toString',
    '',
    '"',
    '\\',
    '${a}',
    '\u2028',
    '\n',
    '`',
    "']'",
  ),
  fc.string({ unit: 'binary' }),
)
const shown = (value: unknown): string => inspect(value, { depth: null, maxArrayLength: null })

/** What it gives the first time, when it is sure to be the same after many times. */
const steady = (make: () => unknown): unknown => {
  const first = make()
  for (let time = 0; time < often; time++) make()
  expect(shown(make())).toBe(shown(first))
  return first
}

// Not by JSON.parse: once it has met a member named `\`, it takes one named `"` in its place for the same (V8 13.6).
const fromEntries = (entries: readonly (readonly [string, unknown])[]): unknown => Object.fromEntries(entries)

test('objects have their members as they were defined, whatever the names', () => {
  fc.assert(
    fc.property(fc.array(name, { maxLength: 8 }), names => {
      const make = objectMaker(names)
      const values = [0, ...names.map((_, index) => index)]
      const expected = fromEntries(names.map((one, index) => [one, index]))
      expect(shown(steady(() => make(values, 1)))).toBe(shown(expected))
    }),
  )
})

test('copies have the members of their own, renamed, what stands for null, and what is added', () => {
  const member = fc.record({ from: name, to: name, standIn: fc.constantFrom(null, 0, 'x') })
  fc.assert(
    fc.property(
      fc.array(member, { maxLength: 6 }),
      fc.array(name, { maxLength: 3 }),
      fc.infiniteStream(fc.nat({ max: 3 })),
      (members, more, kinds) => {
        const values = [undefined, null, 7, 'v']
        const has = members.map(({ from }) => [from, values[kinds.next().value!]] as const)
        const source = fromEntries(has.filter(([, value]) => value !== undefined)) as Record<string, unknown>
        const copy = objectCopier(members, more)
        const added = more.map((_, index) => index)
        const expected = fromEntries([
          ...members.map(
            ({ from, to, standIn }) => [to, (Object.hasOwn(source, from) ? source[from] : null) ?? standIn] as const,
          ),
          ...more.map((one, index) => [one, index] as const),
        ])
        expect(shown(steady(() => copy(source, added)))).toBe(shown(expected))
      },
    ),
  )
})

test('each call makes another object', () => {
  const copy = objectCopier([{ from: 'a', to: 'a', standIn: null }])
  const source = { a: 1 }
  for (let time = 0; time < often; time++) expect(copy(source, [])).not.toBe(copy(source, []))
})

test('too many names to compile', () => {
  const names = Array.from({ length: 500 }, (_, index) => `n${index}`)
  const make = objectMaker(names)
  expect(steady(() => make(names, 0))).toEqual(Object.fromEntries(names.map(one => [one, one])))
})
