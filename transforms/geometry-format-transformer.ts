import { type ConnectRecord, c, DataError, defineTransform, type Schema, s } from 'millrace'
import { isEnvelope } from './envelope-fields.ts'
import type { Members } from './sides.ts'

/** Set in the type of a geometry whose SRID follows (EWKB, PostGIS). */
const sridFlag = 0x20000000

/** Well-known binary without the SRID in it, or with this one. */
const convert = (wkb: Uint8Array, srid: number | null): Uint8Array => {
  const from = new DataView(wkb.buffer, wkb.byteOffset, wkb.byteLength)
  const little = from.getUint8(0) === 1
  const type = from.getUint32(1, little)
  const rest = wkb.subarray((type & sridFlag) === 0 ? 5 : 9)
  const to = Buffer.alloc((srid === null ? 5 : 9) + rest.length)
  const view = new DataView(to.buffer, to.byteOffset, to.byteLength)
  view.setUint8(0, wkb[0]!)
  view.setUint32(1, (srid === null ? type & ~sridFlag : type | sridFlag) >>> 0, little)
  if (srid !== null) view.setInt32(5, srid, little)
  to.set(rest, srid === null ? 5 : 9)
  return to
}

const geometry = 'io.debezium.data.geometry.Geometry'
const shapeSchema = s.struct(
  { wkb: s.bytes(), srid: s.int32({ optional: true }) },
  { name: geometry, version: 1, optional: true },
)
const row = s.struct({ id: s.int32(), shape: shapeSchema }, { optional: true })
const envelope = s.struct({ after: row, op: s.string() }, { name: 'shop.public.item.Envelope' })
const change = (hex: string) => ({ after: { id: 1, shape: { wkb: Buffer.from(hex, 'hex'), srid: 4326 } }, op: 'c' })
const point = '000000000000f03f0000000000000040'

export default defineTransform({
  class: 'io.debezium.transforms.GeometryFormatTransformer',
  version: '0.1.0',
  doc: "Brings the geometries of Debezium's records (`io.debezium.data.geometry.Geometry`) into well-known binary with the SRID in it (EWKB, as PostGIS has it) or without (WKB).",
  config: {
    format: c.string('The form to bring geometries into.', {
      values: ['wkb', 'ewkb'],
      ignoreCase: true,
      default: 'wkb',
      importance: 'HIGH',
    }),
  },
  examples: [
    {
      title: 'takes the SRID out',
      config: { format: 'wkb' },
      input: { valueSchema: envelope, value: change(`0101000020e6100000${point}`) },
      output: { valueSchema: envelope, value: change(`0101000000${point}`) },
    },
    {
      title: 'puts the SRID in',
      config: { format: 'ewkb' },
      input: { valueSchema: envelope, value: change(`0101000000${point}`) },
      output: { valueSchema: envelope, value: change(`0101000020e6100000${point}`) },
    },
    { title: 'passes what has no schema', config: {}, input: { value: { id: 1 } }, output: { value: { id: 1 } } },
  ],
  create({ format }) {
    const isExtended = format === 'ewkb'
    const converted = (topic: string, name: string, shape: Members): Members => {
      const { wkb, srid = null } = shape as { readonly wkb?: unknown; readonly srid?: number | null }
      if (!(wkb instanceof Uint8Array) || wkb.byteLength < 5) return shape
      if (isExtended && srid === null)
        throw new DataError(`The geometry ${name} of ${topic} has no SRID, which EWKB needs: use format=wkb`)
      return { ...shape, wkb: convert(wkb, isExtended ? srid : null) }
    }
    const rowOf = (topic: string, schema: Schema, value: Members): Members => {
      let changed: Record<string, unknown> | undefined
      for (const { name, schema: field } of schema.fields) {
        const shape = value[name]
        if (field.name !== geometry || shape === null || shape === undefined) continue
        changed ??= { ...value }
        changed[name] = converted(topic, name, shape as Members)
      }
      return changed ?? value
    }
    return {
      apply(record): ConnectRecord {
        const { topic, valueSchema, value } = record
        if (value === null || value === undefined || valueSchema?.type !== 'STRUCT') return record
        const members = value as Members
        if (!isEnvelope(valueSchema)) {
          const own = rowOf(topic, valueSchema, members)
          return own === members ? record : { ...record, value: own }
        }
        let changed: Record<string, unknown> | undefined
        for (const side of ['before', 'after'] as const) {
          const state = members[side] as Members | null | undefined
          const schema = valueSchema.field(side)?.schema
          if (state === null || state === undefined || schema === undefined) continue
          const own = rowOf(topic, schema, state)
          if (own !== state) (changed ??= { ...members })[side] = own
        }
        return changed === undefined ? record : { ...record, value: changed }
      },
    }
  },
})
