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

export type Member = readonly [code: string, name: string, type?: string]
export interface ClassInfo {
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

export const classes: Readonly<Record<string, ClassInfo>> = {
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

export const header = 'aced0005'
export const NULL = 0x70
export const REFERENCE = 0x71
export const CLASS = 0x72
export const OBJECT = 0x73
export const STRING = 0x74
export const ARRAY = 0x75
export const BLOCK = 0x77
export const END = 0x78
export const firstHandle = 0x7e0000

/** Java keeps a day as its midnight in the zone of the JVM. This hour of it is in the same day from -10 to +13 hours. */
export const hourOfDay = 10 * 3_600_000
