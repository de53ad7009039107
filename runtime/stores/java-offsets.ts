/** Java's object stream: magic number and version. */
const magic = 0xaced0005

const TC_NULL = 0x70
const TC_REFERENCE = 0x71
const TC_CLASSDESC = 0x72
const TC_OBJECT = 0x73
const TC_ARRAY = 0x75
const TC_BLOCKDATA = 0x77
const TC_ENDBLOCKDATA = 0x78

export const isJavaOffsets = (content: Buffer): boolean => content.length >= 4 && content.readUInt32BE(0) === magic

class Cursor {
  readonly #buf: Buffer
  #at = 4

  constructor(buf: Buffer) {
    this.#buf = buf
  }

  byte(): number {
    return this.#buf.readUInt8(this.#at++)
  }

  int(): number {
    this.#at += 4
    return this.#buf.readInt32BE(this.#at - 4)
  }

  expect(code: number): void {
    const found = this.byte()
    if (found !== code) throw new Error(`byte ${this.#at - 1} is 0x${found.toString(16)}, not 0x${code.toString(16)}`)
  }

  skip(bytes: number): void {
    this.#at += bytes
  }

  text(): string {
    const length = this.#buf.readUInt16BE(this.#at)
    this.#at += 2 + length
    if (this.#at > this.#buf.length) throw new Error('it ends inside a name')
    return this.#buf.toString('utf8', this.#at - length, this.#at)
  }

  /** Steps over a class description; its name, or undefined for a reference to an earlier one. */
  classDescription(): string | undefined {
    const kind = this.byte()
    if (kind === TC_REFERENCE) {
      this.skip(4)
      return undefined
    }
    if (kind !== TC_CLASSDESC) throw new Error(`no class description at byte ${this.#at - 1}`)
    const name = this.text()
    this.skip(9)
    const fields = this.#buf.readUInt16BE(this.#at)
    this.#at += 2
    for (let field = 0; field < fields; field++) {
      this.skip(1)
      this.text()
    }
    this.expect(TC_ENDBLOCKDATA)
    this.expect(TC_NULL)
    return name
  }

  bytes(): Buffer | null {
    const kind = this.byte()
    if (kind === TC_NULL) return null
    if (kind !== TC_ARRAY) throw new Error(`no byte array at byte ${this.#at - 1}`)
    this.classDescription()
    const length = this.int()
    if (length < 0 || this.#at + length > this.#buf.length)
      throw new Error(`it ends inside the array at byte ${this.#at}`)
    this.#at += length
    return this.#buf.subarray(this.#at - length, this.#at)
  }
}

/** The entries of the file that Kafka Connect's standalone worker keeps: a Java-serialized HashMap of byte arrays. Throws Error. */
export const readJavaOffsets = (content: Buffer): [key: string, value: string | null][] => {
  const cursor = new Cursor(content)
  cursor.expect(TC_OBJECT)
  const name = cursor.classDescription()
  if (name !== 'java.util.HashMap') throw new Error(`it holds a ${name}, not a java.util.HashMap`)
  // loadFactor and threshold, then a block of bucket count and size.
  cursor.skip(8)
  cursor.expect(TC_BLOCKDATA)
  cursor.skip(5)
  const size = cursor.int()
  const entries = Array.from({ length: size }, (): [string, string | null] => {
    const key = cursor.bytes()
    const value = cursor.bytes()
    return [key?.toString('utf8') ?? 'null', value === null ? null : value.toString('utf8')]
  })
  cursor.expect(TC_ENDBLOCKDATA)
  return entries
}
