import { Decimal } from '../../api/decimal.ts'
import { DataError } from '../../api/errors.ts'
import { DATE, DECIMAL, TIME, TIMESTAMP } from '../../api/logical.ts'
import { setMember } from '../../api/object-maker.ts'
import type { Schema } from '../../api/schema.ts'
import type { AvroRecord, AvroType, AvroUnion } from './model.ts'
import type { AvroSettings } from './settings.ts'
import { entryOf, isNull, memberName, onlyBranch } from './shapes.ts'

/** A payload and how far it was read. */
class Input {
  readonly bytes: Buffer
  at = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  byte(): number {
    const byte = this.bytes[this.at++]
    if (byte === undefined) throw ended()
    return byte
  }

  /** A zig-zag varint; a bigint beyond 2^53. */
  long(): number | bigint {
    let byte = this.byte()
    let value = byte & 127
    for (let shift = 7; shift < 28; shift += 7) {
      if (byte < 128) return (value >>> 1) ^ -(value & 1)
      byte = this.byte()
      value |= (byte & 127) << shift
    }
    if (byte < 128) return (value >>> 1) ^ -(value & 1)
    // Up to 53 bits a number is enough, which every timestamp needs.
    let high = 0
    for (let shift = 0; shift < 28; shift += 7) {
      byte = this.byte()
      high |= (byte & 127) << shift
      if (byte >= 128) continue
      if (high >= 2 ** 25) break
      const zigzag = high * 2 ** 28 + value
      return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
    }
    let wide = BigInt(value) | (BigInt(high) << 28n)
    for (let shift = 56n; byte >= 128; shift += 7n) {
      if (shift > 63n) throw new DataError('A number in the Avro bytes has more than 64 bits')
      byte = this.byte()
      wide |= BigInt(byte & 127) << shift
    }
    wide = BigInt.asUintN(64, wide)
    const signed = (wide >> 1n) ^ -(wide & 1n)
    const number = Number(signed)
    return Number.isSafeInteger(number) ? number : signed
  }

  int(): number {
    const value = this.long()
    if (typeof value === 'bigint' || value < -2147483648 || value > 2147483647)
      throw new DataError('A number in the Avro bytes has more than 32 bits')
    return value
  }

  /** Of what follows; never more than there is. */
  length(): number {
    const value = this.long()
    if (typeof value === 'bigint' || value < 0 || value > this.bytes.length - this.at) throw ended()
    return value
  }

  take(length: number): Buffer {
    if (length > this.bytes.length - this.at) throw ended()
    return this.bytes.subarray(this.at, (this.at += length))
  }

  text(): string {
    const length = this.length()
    const from = this.at
    this.at += length
    return this.bytes.toString('utf8', from, this.at)
  }
}

type Read = (input: Input) => unknown

const ended = (): DataError => new DataError('The Avro bytes end in the middle of a value')

/** Items that take no bytes (null, an empty record): a few bytes must not become millions of them. */
const MOST_EMPTY_ITEMS = 1_000_000

/** Compiles the reader of payloads that a schema wrote. `schema`: as `ConnectSchemas` made it of the type. */
export const compileAvroReader = (
  type: AvroType,
  schema: Schema,
  settings: AvroSettings,
): ((bytes: Buffer) => unknown) => {
  const read = new Compiler(settings).value(type, schema)
  return bytes => {
    const input = new Input(bytes)
    const value = read(input)
    if (input.at < bytes.length)
      throw new DataError(`${bytes.length - input.at} bytes are left over behind the Avro value`)
    return value
  }
}

class Compiler {
  readonly #settings: AvroSettings

  constructor(settings: AvroSettings) {
    this.#settings = settings
  }

  value(type: AvroType, schema: Schema): Read {
    switch (type.type) {
      case 'union':
        return this.#union(type, schema)
      case 'record':
        return this.#record(type, schema)
      case 'array': {
        const entry = entryOf(type)
        if (entry === undefined) return blocks(this.value(type.items, schema.valueSchema!))
        const read = [this.value(entry.key, schema.keySchema!), this.value(entry.value, schema.valueSchema!)] as const
        const list = blocks(input => [read[0](input), read[1](input)])
        return input => new Map(list(input) as [unknown, unknown][])
      }
      case 'map': {
        const read = this.value(type.values, schema.valueSchema!)
        const list = blocks(input => [input.text(), read(input)])
        return input => new Map(list(input) as [string, unknown][])
      }
      case 'enum': {
        const { symbols, name } = type
        return input => {
          const symbol = symbols[input.int()]
          if (symbol === undefined) throw new DataError(`The Avro bytes name a symbol that the enum ${name} has not`)
          return symbol
        }
      }
      case 'fixed': {
        const { size } = type
        if (schema.name === DECIMAL) return decimal(schema, input => input.take(size))
        return input => Buffer.from(input.take(size))
      }
      default:
        return primitive(type, schema)
    }
  }

  #union(union: AvroUnion, schema: Schema): Read {
    const only = onlyBranch(union, this.#settings)
    const others = union.branches.filter(branch => !isNull(branch))
    const readers = union.branches.map((branch): Read => {
      if (isNull(branch)) return () => null
      if (only !== undefined) return this.value(branch, schema)
      const name = memberName(branch, others.indexOf(branch), this.#settings)
      const read = this.value(branch, schema.field(name)!.schema)
      const empty = Object.fromEntries(schema.fields.map(field => [field.name, null]))
      return input => ({ ...empty, [name]: read(input) })
    })
    return input => {
      const read = readers[input.int()]
      if (read === undefined) throw new DataError('The Avro bytes name a branch that the union has not')
      return read(input)
    }
  }

  #record(type: AvroRecord, schema: Schema): Read {
    const names = type.fields.map(({ name }) => name)
    const reads = type.fields.map(field => this.value(field.type, schema.field(field.name)!.schema))
    const count = names.length
    return input => {
      const struct: Record<string, unknown> = {}
      for (let index = 0; index < count; index++) {
        const name = names[index]!
        const value = reads[index]!(input)
        if (name === '__proto__') setMember(struct, name, value)
        else struct[name] = value
      }
      return struct
    }
  }
}

const blocks =
  (read: Read): ((input: Input) => unknown[]) =>
  input => {
    const items: unknown[] = []
    for (;;) {
      let count = input.long()
      if (typeof count === 'bigint') throw ended()
      if (count === 0) return items
      if (count < 0) {
        count = -count
        input.long()
      }
      for (let index = 0; index < count; index++) {
        const before = input.at
        items.push(read(input))
        if (input.at === before && items.length > MOST_EMPTY_ITEMS)
          throw new DataError('The Avro bytes hold more empty items than anybody means')
      }
    }
  }

const decimal = (schema: Schema, bytes: (input: Input) => Buffer): Read => {
  const scale = Number(schema.parameters?.['scale'] ?? 0)
  return input => {
    const unscaled = bytes(input)
    if (unscaled.length === 0) throw new DataError('A decimal in the Avro bytes has no digits')
    return Decimal.fromBytes(unscaled, scale)
  }
}

const milliseconds = (value: number | bigint): Date => {
  const date = new Date(Number(value))
  if (Number.isNaN(date.getTime())) throw new DataError(`The time ${value} in the Avro bytes is out of range`)
  return date
}

const primitive = (type: AvroType, schema: Schema): Read => {
  switch (type.type) {
    case 'null':
      return () => null
    case 'boolean':
      return input => input.byte() !== 0
    case 'int':
      if (schema.name === DATE) return input => milliseconds(input.int() * 86_400_000)
      if (schema.name === TIME) return input => milliseconds(input.int())
      return input => input.int()
    case 'long':
      if (schema.name === TIMESTAMP) return input => milliseconds(input.long())
      return input => input.long()
    case 'float':
      return input => input.take(4).readFloatLE()
    case 'double':
      return input => input.take(8).readDoubleLE()
    case 'string':
      return input => input.text()
    default:
      if (schema.name === DECIMAL) return decimal(schema, input => input.take(input.length()))
      return input => Buffer.from(input.take(input.length()))
  }
}
