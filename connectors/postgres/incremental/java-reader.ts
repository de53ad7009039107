import {
  ARRAY,
  BLOCK,
  CLASS,
  END,
  firstHandle,
  header,
  hourOfDay,
  type JavaClass,
  type JavaValue,
  type Member,
  NULL,
  OBJECT,
  REFERENCE,
  STRING,
} from './java-objects.ts'

const dayMs = 86_400_000

const dayText = (ms: bigint): string => {
  const day = Math.floor((Number(ms) + dayMs - hourOfDay - 1) / dayMs)
  return new Date(day * dayMs).toISOString().slice(0, 10)
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
