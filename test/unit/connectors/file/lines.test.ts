import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineSplitter } from '../../../../connectors/file/lines.ts'

const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '\r', 'é', '日', '😀'), maxLength: 40 })
const inPieces = (bytes: Buffer, cuts: readonly number[], from = 0) => {
  const splitter = new LineSplitter(from)
  const lines = []
  let at = 0
  for (const cut of [...cuts.map(n => n % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)) {
    lines.push(...splitter.push(bytes.subarray(at, cut)))
    at = cut
  }
  return { lines, splitter }
}

describe('lines', () => {
  it.each([
    ['a\nb\n', ['a', 'b']],
    ['a\r\nb\rc\n', ['a', 'b', 'c']],
    ['\n\n', ['', '']],
    ['kept until its end comes', []],
    ['a\r', []],
  ])('of %j', (input, expected) => {
    expect(inPieces(Buffer.from(input), []).lines.map(line => line.text)).toEqual(expected)
  })

  it('are the same wherever the bytes are cut', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat()), (input, cuts) => {
        const bytes = Buffer.from(input)
        expect(inPieces(bytes, cuts).lines).toEqual(inPieces(bytes, []).lines)
      }),
    )
  })

  it('go on at the end of any line, whatever characters came before', () => {
    fc.assert(
      fc.property(text, fc.nat(), (input, pick) => {
        const bytes = Buffer.from(input)
        const { lines, splitter } = inPieces(bytes, [])
        expect(splitter.position).toBe(bytes.length)
        if (lines.length === 0) return
        const index = pick % lines.length
        const from = lines[index]!.end
        expect(inPieces(bytes.subarray(from), [], from).lines).toEqual(lines.slice(index + 1))
      }),
    )
  })
})
