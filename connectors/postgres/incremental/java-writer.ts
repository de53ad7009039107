import {
  ARRAY,
  BLOCK,
  CLASS,
  classes,
  END,
  firstHandle,
  header,
  hourOfDay,
  type JavaValue,
  NULL,
  OBJECT,
  REFERENCE,
  STRING,
} from './java-objects.ts'

/** Java's UTF-8: a zero takes two bytes, and each half of a pair three. */
const modifiedUtf8 = (text: string): Buffer => {
  const bytes: number[] = []
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 0 && code < 0x80) bytes.push(code)
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 0x3f))
    else bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
  }
  return Buffer.from(bytes)
}

const int = (size: 2 | 4 | 8, value: bigint): Buffer => {
  const buf = Buffer.alloc(8)
  buf.writeBigInt64BE(BigInt.asIntN(64, value))
  return buf.subarray(8 - size)
}

class Writer {
  readonly #parts: Buffer[] = [Buffer.from(header, 'hex')]
  readonly #known = new Map<string, number>()
  #handles = 0

  hex(): string {
    return Buffer.concat(this.#parts).toString('hex')
  }

  array(values: readonly JavaValue[]): void {
    this.#byte(ARRAY)
    this.#class('[Ljava.lang.Object;')
    this.#handles++
    this.#int(4, values.length)
    for (const value of values) this.#value(value)
  }

  #byte(value: number): void {
    this.#parts.push(Buffer.from([value]))
  }

  #int(size: 2 | 4 | 8, value: number | bigint): void {
    this.#parts.push(int(size, BigInt(value)))
  }

  #utf(text: string): void {
    const bytes = modifiedUtf8(text)
    this.#int(2, bytes.length)
    this.#parts.push(bytes)
  }

  #remember(name: string): void {
    this.#known.set(name, this.#handles++)
  }

  /** Whether this was written before; then a reference to it is now. */
  #reference(name: string): boolean {
    const handle = this.#known.get(name)
    if (handle === undefined) return false
    this.#byte(REFERENCE)
    this.#int(4, firstHandle + handle)
    return true
  }

  #class(name: string | undefined): void {
    if (name === undefined) {
      this.#byte(NULL)
      return
    }
    if (this.#reference(name)) return
    const info = classes[name]!
    this.#byte(CLASS)
    this.#utf(name)
    this.#parts.push(Buffer.from(info.suid, 'hex'))
    this.#remember(name)
    this.#byte(info.flags)
    this.#int(2, info.members.length)
    for (const [code, member, type] of info.members) {
      this.#parts.push(Buffer.from(code, 'latin1'))
      this.#utf(member)
      if (type !== undefined) this.#string(type)
    }
    this.#byte(END)
    this.#class(info.parent)
  }

  #string(text: string): void {
    // Not the name of a class: those are known by the same text.
    const known = `"${text}`
    if (this.#reference(known)) return
    this.#byte(STRING)
    this.#remember(known)
    this.#utf(text)
  }

  #object(name: string): void {
    this.#byte(OBJECT)
    this.#class(name)
    this.#handles++
  }

  #value(value: JavaValue): void {
    if (value === null) {
      this.#byte(NULL)
      return
    }
    const { type, text } = value
    if (type === 'String') this.#string(text)
    else if (type === 'UUID') {
      const bits = BigInt(`0x${text.replaceAll('-', '')}`)
      this.#object('java.util.UUID')
      this.#int(8, bits & 0xffffffffffffffffn)
      this.#int(8, bits >> 64n)
    } else if (type === 'BigDecimal') this.#decimal(text)
    else if (type === 'byte[]') this.#bytes(Buffer.from(text.slice(2), 'hex'))
    else if (type === 'Date') {
      this.#object('java.sql.Date')
      this.#byte(BLOCK)
      this.#byte(8)
      this.#int(8, Date.parse(text) + hourOfDay)
      this.#byte(END)
    } else if (type === 'PGobject') {
      this.#object('org.postgresql.util.PGobject')
      this.#string(value.sqlType ?? '')
      this.#string(text)
    } else if (type === 'Double' || type === 'Float') {
      this.#object(`java.lang.${type}`)
      const bytes = Buffer.alloc(type === 'Double' ? 8 : 4)
      if (type === 'Double') bytes.writeDoubleBE(Number(text))
      else bytes.writeFloatBE(Number(text))
      this.#parts.push(bytes)
    } else {
      this.#object(`java.lang.${type}`)
      if (type === 'Boolean') this.#byte(text === 'true' ? 1 : 0)
      else this.#int(type === 'Long' ? 8 : type === 'Short' ? 2 : 4, BigInt(text))
    }
  }

  #decimal(text: string): void {
    const [whole = '', fraction = ''] = text.split('.')
    const unscaled = BigInt(whole + fraction)
    this.#object('java.math.BigDecimal')
    this.#int(4, fraction.length)
    this.#object('java.math.BigInteger')
    // What Java once kept there; it writes these for ever.
    for (const old of [-1, -1, -2, -2]) this.#int(4, old)
    this.#int(4, unscaled === 0n ? 0 : unscaled < 0n ? -1 : 1)
    const digits = unscaled === 0n ? '' : (unscaled < 0n ? -unscaled : unscaled).toString(16)
    this.#bytes(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex'))
    this.#byte(END)
    this.#byte(END)
  }

  #bytes(bytes: Buffer): void {
    this.#byte(ARRAY)
    this.#class('[B')
    this.#handles++
    this.#int(4, bytes.length)
    this.#parts.push(bytes)
  }
}

/** The hex text of an Object[]; undefined: that of null. */
export const writeJavaArray = (values: readonly JavaValue[] | undefined): string => {
  if (values === undefined) return `${header}${NULL.toString(16)}`
  const writer = new Writer()
  writer.array(values)
  return writer.hex()
}
