/**
 * An array of Java's objects as its serialisation has it: keys stand in the offsets of incremental snapshots in this form (hex), and
 * both runtimes must read what the other one wrote. Format: Java Object Serialization Specification, version 2 of the stream protocol.
 */

export type JavaClass =
  | 'Integer'
  | 'Long'
  | 'Short'
  | 'Double'
  | 'Float'
  | 'Boolean'
  | 'String'
  | 'UUID'
  | 'BigDecimal'
  | 'Date'
  | 'byte[]'
  | 'PGobject'
/** A value by its text, which the server understands; `sqlType`: of a PGobject. null is Java's. */
export type JavaValue = { readonly type: JavaClass; readonly text: string; readonly sqlType?: string } | null

type Member = readonly [code: string, name: string, type?: string]
interface ClassInfo {
  readonly suid: string
  /** 2: serialisable; 3: with a writeObject of its own. */
  readonly flags: number
  readonly members: readonly Member[]
  readonly parent?: string
}

const number = 'java.lang.Number'
const plainNumber = (suid: string, code: string): ClassInfo => ({
  suid,
  flags: 2,
  members: [[code, 'value']],
  parent: number,
})

const classes: Readonly<Record<string, ClassInfo>> = {
  [number]: { suid: '86ac951d0b94e08b', flags: 2, members: [] },
  'java.lang.Integer': plainNumber('12e2a0a4f7818738', 'I'),
  'java.lang.Long': plainNumber('3b8be490cc8f23df', 'J'),
  'java.lang.Short': plainNumber('684d37133460da52', 'S'),
  'java.lang.Double': plainNumber('80b3c24a296bfb04', 'D'),
  'java.lang.Float': plainNumber('daedc9a2db3cf0ec', 'F'),
  'java.util.Date': { suid: '686a81014b597419', flags: 3, members: [] },
  'java.sql.Date': { suid: '14fa46683f356697', flags: 2, members: [], parent: 'java.util.Date' },
  'org.postgresql.util.PGobject': {
    suid: '4bf895caac6f6444',
    flags: 2,
    members: [
      ['L', 'type', 'Ljava/lang/String;'],
      ['L', 'value', 'Ljava/lang/String;'],
    ],
  },
  'java.lang.Boolean': { suid: 'cd207280d59cfaee', flags: 2, members: [['Z', 'value']] },
  'java.util.UUID': {
    suid: 'bc9903f7986d852f',
    flags: 2,
    members: [
      ['J', 'leastSigBits'],
      ['J', 'mostSigBits'],
    ],
  },
  'java.math.BigDecimal': {
    suid: '54c71557f981284f',
    flags: 3,
    members: [
      ['I', 'scale'],
      ['L', 'intVal', 'Ljava/math/BigInteger;'],
    ],
    parent: number,
  },
  'java.math.BigInteger': {
    suid: '8cfc9f1fa93bfb1d',
    flags: 3,
    members: [
      ['I', 'bitCount'],
      ['I', 'bitLength'],
      ['I', 'firstNonzeroByteNum'],
      ['I', 'lowestSetBit'],
      ['I', 'signum'],
      ['[', 'magnitude', '[B'],
    ],
    parent: number,
  },
  '[B': { suid: 'acf317f8060854e0', flags: 2, members: [] },
  '[Ljava.lang.Object;': { suid: '90ce589f1073296c', flags: 2, members: [] },
}

const header = 'aced0005'
const NULL = 0x70
const REFERENCE = 0x71
const CLASS = 0x72
const OBJECT = 0x73
const STRING = 0x74
const ARRAY = 0x75
const BLOCK = 0x77
const END = 0x78
const firstHandle = 0x7e0000

const dayMs = 86_400_000
/** Java keeps a day as its midnight in the zone of the JVM. This hour of it is in the same day from -10 to +13 hours. */
const hourOfDay = 10 * 3_600_000

const dayText = (ms: bigint): string => {
  const day = Math.floor((Number(ms) + dayMs - hourOfDay - 1) / dayMs)
  return new Date(day * dayMs).toISOString().slice(0, 10)
}

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

const fromModifiedUtf8 = (buf: Buffer): string => {
  let text = ''
  for (let at = 0; at < buf.length; ) {
    const first = buf[at]!
    if (first < 0x80) {
      text += String.fromCharCode(first)
      at += 1
    } else if (first < 0xe0) {
      text += String.fromCharCode(((first & 0x1f) << 6) | (buf[at + 1]! & 0x3f))
      at += 2
    } else {
      text += String.fromCharCode(((first & 0x0f) << 12) | ((buf[at + 1]! & 0x3f) << 6) | (buf[at + 2]! & 0x3f))
      at += 3
    }
  }
  return text
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

interface ReadClass {
  readonly name: string
  readonly flags: number
  readonly members: readonly Member[]
  parent: ReadClass | null
}

interface ReadObject {
  readonly type: string
  readonly members: Map<string, unknown>
}

class Reader {
  readonly #buf: Buffer
  #at = 4
  readonly #handles: unknown[] = []

  constructor(buf: Buffer) {
    this.#buf = buf
  }

  get atEnd(): boolean {
    return this.#at === this.#buf.length
  }

  read(): unknown {
    const tag = this.#byte()
    switch (tag) {
      case NULL:
        return null
      case REFERENCE:
        return this.#handles[this.#int(4) - firstHandle]
      case STRING: {
        const text = this.#utf()
        this.#handles.push(text)
        return text
      }
      case ARRAY:
        return this.#array()
      case OBJECT:
        return this.#object()
      default:
        throw new RangeError(`Unknown tag ${tag} at ${this.#at - 1}`)
    }
  }

  #byte(): number {
    return this.#buf.readUInt8(this.#at++)
  }

  #int(size: 2 | 4): number {
    const at = this.#at
    this.#at += size
    return size === 2 ? this.#buf.readInt16BE(at) : this.#buf.readInt32BE(at)
  }

  #long(): bigint {
    this.#at += 8
    return this.#buf.readBigInt64BE(this.#at - 8)
  }

  #utf(): string {
    const length = this.#buf.readUInt16BE(this.#at)
    this.#at += 2 + length
    return fromModifiedUtf8(this.#buf.subarray(this.#at - length, this.#at))
  }

  #class(): ReadClass | null {
    const tag = this.#byte()
    if (tag === NULL) return null
    if (tag === REFERENCE) return this.#handles[this.#int(4) - firstHandle] as ReadClass
    if (tag !== CLASS) throw new RangeError(`Unknown tag ${tag} at ${this.#at - 1}`)
    const name = this.#utf()
    this.#at += 8
    const members: Member[] = []
    const place = this.#handles.push(null) - 1
    const flags = this.#byte()
    for (let left = this.#int(2); left > 0; left--) {
      const code = String.fromCharCode(this.#byte())
      members.push([code, this.#utf()])
      if (code === 'L' || code === '[') this.read()
    }
    if (this.#byte() !== END) throw new RangeError('A class with annotations')
    const read: ReadClass = { name, flags, members, parent: null }
    this.#handles[place] = read
    read.parent = this.#class()
    return read
  }

  #array(): unknown {
    const type = this.#class()
    const place = this.#handles.push(null) - 1
    const length = this.#int(4)
    if (type?.name === '[B') {
      this.#at += length
      return (this.#handles[place] = this.#buf.subarray(this.#at - length, this.#at))
    }
    if (type?.name !== '[Ljava.lang.Object;') throw new RangeError(`An array of class ${type?.name}`)
    const items: unknown[] = []
    this.#handles[place] = items
    for (let left = length; left > 0; left--) items.push(this.read())
    return items
  }

  #object(): ReadObject {
    const type = this.#class()
    const object: ReadObject = { type: type?.name ?? '', members: new Map() }
    this.#handles.push(object)
    const line: ReadClass[] = []
    for (let next = type; next !== null; next = next.parent) line.unshift(next)
    for (const { name, members, flags } of line) {
      for (const [code, member] of members) object.members.set(member, this.#member(code))
      if (name === 'java.util.Date') object.members.set('ms', this.#block())
      if (flags === 3 && this.#byte() !== END) throw new RangeError(`An object of class ${object.type}`)
    }
    return object
  }

  #block(): bigint {
    if (this.#byte() !== BLOCK || this.#byte() !== 8) throw new RangeError('A date that is none')
    return this.#long()
  }

  #member(code: string): unknown {
    if (code === 'I') return this.#int(4)
    if (code === 'S') return this.#int(2)
    if (code === 'J') return this.#long()
    if (code === 'D' || code === 'F') {
      const at = this.#at
      this.#at += code === 'D' ? 8 : 4
      return code === 'D' ? this.#buf.readDoubleBE(at) : this.#buf.readFloatBE(at)
    }
    if (code === 'Z') return this.#byte() !== 0
    if (code === 'L' || code === '[') return this.read()
    throw new RangeError(`A member of type ${code}`)
  }
}

const uuidText = (most: bigint, least: bigint): string => {
  const hex = [most, least].map(bits => BigInt.asUintN(64, bits).toString(16).padStart(16, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

const decimalText = (scale: number, integer: ReadObject): string => {
  const magnitude = integer.members.get('magnitude') as Buffer
  const digits = BigInt(`0x0${magnitude.toString('hex')}`).toString()
  const sign = (integer.members.get('signum') as number) < 0 ? '-' : ''
  if (scale <= 0) return `${sign}${digits}${'0'.repeat(-scale)}`
  const padded = digits.padStart(scale + 1, '0')
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`
}

const toValue = (item: unknown): JavaValue => {
  if (item === null) return null
  if (typeof item === 'string') return { type: 'String', text: item }
  if (item instanceof Uint8Array) return { type: 'byte[]', text: `\\x${Buffer.from(item).toString('hex')}` }
  const { type, members } = item as ReadObject
  if (type === 'java.sql.Date') return { type: 'Date', text: dayText(members.get('ms') as bigint) }
  if (type === 'org.postgresql.util.PGobject')
    return { type: 'PGobject', text: String(members.get('value')), sqlType: String(members.get('type')) }
  if (type === 'java.util.UUID')
    return { type: 'UUID', text: uuidText(members.get('mostSigBits') as bigint, members.get('leastSigBits') as bigint) }
  if (type === 'java.math.BigDecimal')
    return {
      type: 'BigDecimal',
      text: decimalText(members.get('scale') as number, members.get('intVal') as ReadObject),
    }
  const name = type.replace('java.lang.', '')
  if (!['Integer', 'Long', 'Short', 'Double', 'Float', 'Boolean'].includes(name))
    throw new RangeError(`A value of class ${type}`)
  return { type: name as JavaClass, text: String(members.get('value')) }
}

/** The hex text of an Object[]; undefined: that of null. */
export const writeJavaArray = (values: readonly JavaValue[] | undefined): string => {
  if (values === undefined) return `${header}${NULL.toString(16)}`
  const writer = new Writer()
  writer.array(values)
  return writer.hex()
}

/** Reads the hex text of an Object[] or null (undefined). Throws RangeError for what is none, or holds classes not known here. */
export const readJavaArray = (hex: string): readonly JavaValue[] | undefined => {
  const buf = Buffer.from(hex, 'hex')
  if (buf.length * 2 !== hex.length || !hex.toLowerCase().startsWith(header))
    throw new RangeError('Not the hex text of a serialised Java object')
  const reader = new Reader(buf)
  const read = reader.read()
  if (!reader.atEnd) throw new RangeError('More than one serialised Java object')
  if (read === null) return undefined
  if (!Array.isArray(read)) throw new RangeError('A serialised Java object that is no Object[]')
  return read.map(toValue)
}
