import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineSplitter } from '../../../../connectors/file/lines.ts'

const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '\r', 'é', '日', '😀'), maxLength: 40 })
const inPieces = (bytes: Buffer, cuts: readonly number[], from = 0) => {
  const splitter = new LineSplitter('x.txt', from)
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

  it.each([
    ['a\nhalf', [{ text: 'half', end: 6 }]],
    ['a\r', [{ text: 'a', end: 2 }]],
    ['a\n', []],
    ['', []],
  ])('of %j that nobody ends: the last one', (input, expected) => {
    const { splitter } = inPieces(Buffer.from(input), [])
    expect(splitter.rest()).toEqual(expected)
    expect(splitter.rest()).toEqual([])
    expect(splitter.position).toBe(input.length)
  })

  it('may be long, but not without end', () => {
    const splitter = new LineSplitter('x.bin', 7)
    const piece = Buffer.alloc(256 * 1024, 'x')
    const push = (times: number) => {
      for (let i = 0; i < times; i++) expect(splitter.push(piece)).toEqual([])
    }
    push(256)
    expect(splitter.push(Buffer.from('\nnext\n'))).toMatchObject([
      { end: 7 + 256 * piece.length + 1 },
      { text: 'next' },
    ])
    push(257)
    expect(() => push(1)).toThrow(/line of x\.bin that begins at byte 67108877 has no end within 67108864 bytes/)
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
