import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { listPage } from '../../../../runtime/testing/s3-server/listing.ts'
import { compareKeys, SortedKeys } from '../../../../runtime/testing/s3-server/sorted-keys.ts'

const key = fc.string({ unit: fc.constantFrom('a', 'b', '/', '0', 'é', '\ufffd', '😀'), minLength: 1, maxLength: 6 })

describe('keys', () => {
  it('are ordered as their UTF-8 bytes', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(Math.sign(compareKeys(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))))
      }),
    )
  })

  it('stay sorted and unique as they come and go', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), key)), changes => {
        const sorted = new SortedKeys([])
        const model = new Set<string>()
        for (const [add, one] of changes) {
          if (add) sorted.add(one)
          else sorted.delete(one)
          if (add) model.add(one)
          else model.delete(one)
        }
        const expected = [...model].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
        expect(Array.from({ length: sorted.size }, (_, index) => sorted.at(index))).toEqual(expected)
      }),
    )
  })
})

describe('pages of a listing', () => {
  it('hold every key and common prefix once, whatever their size', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(key),
        fc.constantFrom('', '/', 'a'),
        fc.constantFrom('', 'a', 'b/'),
        fc.integer({ min: 1, max: 4 }),
        (all, delimiter, prefix, maxKeys) => {
          const keys = new SortedKeys(all)
          const expected = new Set<string>()
          for (const one of all) {
            if (!one.startsWith(prefix)) continue
            const cut = delimiter === '' ? -1 : one.indexOf(delimiter, prefix.length)
            expected.add(cut < 0 ? one : one.slice(0, cut + delimiter.length))
          }
          const seen: string[] = []
          let after = ''
          for (;;) {
            const page = listPage(keys, { prefix, delimiter, after, maxKeys })
            expect(page.keys.length + page.prefixes.length).toBeLessThanOrEqual(maxKeys)
            seen.push(...page.keys, ...page.prefixes)
            if (!page.truncated) break
            after = page.last
          }
          expect(seen.sort()).toEqual([...expected].sort())
        },
      ),
    )
  })
})
