import {
  ConfigError,
  ConnectError,
  type ConnectRecord,
  c,
  DataError,
  defineTransform,
  type Header,
  javaReplacement,
  matchesWhole,
  type Schema,
  s,
  setMember,
} from 'millrace'
import { isEnvelope } from './envelope-fields.ts'
import { expandJson } from './json-payload.ts'
import { type Members, memberOf } from './sides.ts'

interface Placement {
  readonly column: string
  readonly place: 'header' | 'envelope' | 'partition'
  readonly name: string
}

/** Reads `column:place[:name]`, or undefined for what is none. */
const placement = (item: string): Placement | undefined => {
  const [column, place, name, ...more] = item.split(':').map(part => part.trim())
  if (!column || more.length > 0 || name === '') return undefined
  const lower = place?.toLowerCase()
  if (lower !== 'header' && lower !== 'envelope' && lower !== 'partition') return undefined
  return { column, place: lower, name: name ?? column }
}

const divisors: Readonly<Record<string, bigint>> = {
  'io.debezium.time.Timestamp': 1n,
  'io.debezium.time.MicroTimestamp': 1000n,
  'io.debezium.time.NanoTimestamp': 1_000_000n,
}

const shownKey = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? `Struct{${Object.entries(value)
        .flatMap(([name, member]) => (member === null ? [] : [`${name}=${String(member)}`]))
        .join(',')}}`
    : String(value)

const uuid = { name: 'io.debezium.data.Uuid', version: 1 }
const row = s.struct(
  {
    id: s.string(uuid),
    aggregatetype: s.string(),
    aggregateid: s.string(),
    type: s.string(),
    payload: s.string({ optional: true, name: 'io.debezium.data.Json', version: 1 }),
  },
  { optional: true, name: 'shop.public.outbox.Value' },
)
const outbox = s.struct(
  { before: row, after: row, op: s.string(), ts_ms: s.int64({ optional: true }) },
  { name: 'shop.public.outbox.Envelope' },
)
const placed = { id: 'e1', aggregatetype: 'order', aggregateid: '7', type: 'Placed', payload: '{"total": 12}' }
const event = (op: string, after: Members | null) => ({
  valueSchema: outbox,
  value: { before: null, after, op, ts_ms: 1_700_000_000_000 },
})
const routed = {
  topic: 'outbox.event.order',
  partition: null,
  keySchema: s.string(),
  key: '7',
  timestamp: 1_700_000_000_000,
}
const idHeader: Header = { key: 'id', schema: s.string(uuid), value: 'e1' }

export default defineTransform({
  class: 'io.debezium.transforms.outbox.EventRouter',
  version: '0.1.0',
  doc: 'Makes the event that an application wrote into its outbox table a record of its own: topic, key, headers and value come from columns. Updates and deletes of the table are left out.',
  config: {
    'table.op.invalid.behavior': c.string(
      'What becomes of an update of the outbox table: warn and error leave it out and log it, fatal fails the task.',
      { values: ['warn', 'error', 'fatal'], ignoreCase: true, default: 'warn', importance: 'MEDIUM' },
    ),
    'table.field.event.id': c.string("Column of the event's id; becomes the header id.", {
      default: 'id',
      importance: 'LOW',
    }),
    'table.field.event.key': c.string("Column of the record's key.", { default: 'aggregateid', importance: 'LOW' }),
    'table.field.event.type': c.string("Column of the event's type; place it with table.fields.additional.placement.", {
      default: 'type',
      importance: 'LOW',
    }),
    'table.field.event.timestamp': c.string(
      "Column of the record's timestamp, an io.debezium.time Timestamp, MicroTimestamp or NanoTimestamp. Unset, or null in a row: the time of the change event.",
      { optional: true, importance: 'MEDIUM' },
    ),
    'table.field.event.payload': c.string('Column of the value.', { default: 'payload', importance: 'LOW' }),
    'table.field.event.schema.version': c.string('Column, int32, of the version of the value schema.', {
      optional: true,
      importance: 'LOW',
    }),
    'table.fields.additional.placement': c.list(
      'More columns and where they go, each column:header, column:envelope (a member beside payload) or column:partition, with :NAME for another name.',
      {
        default: [],
        importance: 'HIGH',
        check: items => {
          const wrong = items.find(item => placement(item) === undefined)
          return wrong === undefined ? undefined : `${wrong} is not column:header|envelope|partition[:name]`
        },
      },
    ),
    'table.fields.additional.error.on.missing': c.boolean(
      '(Older name) Whether a column that is placed and missing is an error.',
      { optional: true, importance: 'LOW' },
    ),
    'table.field.additional.missing': c.string(
      'What becomes of a column that is placed and missing: error or ignore.',
      {
        values: ['error', 'ignore'],
        ignoreCase: true,
        default: 'error',
        importance: 'LOW',
      },
    ),
    'route.by.field': c.string('Column that decides the topic.', { default: 'aggregatetype', importance: 'LOW' }),
    'route.topic.regex': c.string('Java regular expression that the whole text of that column is matched with.', {
      default: '(?<routedByValue>.*)',
      importance: 'LOW',
    }),
    'route.topic.replacement': c.string('The topic, with groups of the expression.', {
      default: 'outbox.event.${routedByValue}',
      importance: 'HIGH',
    }),
    'route.tombstone.on.empty.payload': c.boolean('Whether a null or empty payload makes a tombstone.', {
      default: false,
      importance: 'MEDIUM',
    }),
    'table.expand.json.payload': c.boolean('Whether a payload with a JSON object becomes a struct.', {
      default: false,
      importance: 'MEDIUM',
    }),
    'table.json.payload.null.behavior': c.string(
      'What becomes of nulls in an expanded payload: left out (ignore) or an optional field of bytes (optional_bytes).',
      { values: ['ignore', 'optional_bytes'], ignoreCase: true, default: 'ignore', importance: 'MEDIUM' },
    ),
    'table.json.payload.empty.array.behavior': c.string(
      'What becomes of empty arrays in an expanded payload: left out (ignore) or an array of texts (optional_string).',
      { values: ['ignore', 'optional_string'], ignoreCase: true, default: 'ignore', importance: 'MEDIUM' },
    ),
  },
  examples: [
    {
      title: 'makes a row an event',
      config: {},
      input: event('c', placed),
      output: {
        ...routed,
        headers: [idHeader],
        valueSchema: row.field('payload')!.schema,
        value: placed.payload,
      },
    },
    {
      title: 'places columns',
      config: { 'table.fields.additional.placement': 'type:header:eventType,type:envelope' },
      input: event('c', placed),
      output: {
        ...routed,
        headers: [idHeader, { key: 'eventType', schema: s.string(), value: 'Placed' }],
        valueSchema: s.struct(
          { payload: row.field('payload')!.schema, type: s.string() },
          { name: 'shop.public.outbox.order.Value' },
        ),
        value: { payload: placed.payload, type: 'Placed' },
      },
    },
    {
      title: 'expands JSON',
      config: { 'table.expand.json.payload': 'true' },
      input: event('c', placed),
      output: {
        ...routed,
        headers: [idHeader],
        valueSchema: s.struct({ total: s.int32({ optional: true }) }, { optional: true, name: 'payload' }),
        value: { total: 12 },
      },
    },
    {
      title: 'makes an empty payload a tombstone',
      config: { 'route.tombstone.on.empty.payload': 'true' },
      input: event('c', { ...placed, payload: null }),
      output: { ...routed, headers: [idHeader], valueSchema: null, value: null },
    },
    { title: 'leaves out deletes', config: {}, input: event('d', null), output: null },
    {
      title: 'fails at an update when asked to',
      config: { 'table.op.invalid.behavior': 'fatal' },
      input: { ...event('u', placed), keySchema: s.struct({ id: s.string() }), key: { id: 'e1' } },
      throws: 'Unexpected update message received Struct{id=e1}, fail.',
    },
  ],
  create(config, _side, { log }) {
    const placements = config.tableFieldsAdditionalPlacement.map(item => placement(item)!)
    const ignoreMissing =
      config.tableFieldsAdditionalErrorOnMissing === undefined
        ? config.tableFieldAdditionalMissing === 'ignore'
        : !config.tableFieldsAdditionalErrorOnMissing
    const inEnvelope = placements.some(({ place }) => place === 'envelope')
    const match = matchesWhole(config.routeTopicRegex)
    try {
      const probe = match('probe')
      if (probe !== null) javaReplacement(config.routeTopicReplacement, probe)
    } catch (cause) {
      throw new ConfigError(`route.topic.replacement: ${(cause as Error).message}`, {
        key: 'route.topic.replacement',
        cause,
      })
    }
    const jsonOptions = {
      nulls: config.tableJsonPayloadNullBehavior,
      emptyArrays: config.tableJsonPayloadEmptyArrayBehavior,
    }
    const said = new Set<string>()
    // Once per kind and topic: the record path logs nothing per record.
    const say = (level: 'warn' | 'error', message: string, topic: string): void => {
      if (said.size > 1000 || said.has(message + topic)) return
      said.add(message + topic)
      log?.[level](message, { topic })
    }

    const columnOf = (schema: Schema, row: Members, name: string): { schema: Schema; value: unknown } => {
      const field = schema.field(name)
      if (field === undefined)
        throw new DataError(
          `${name} is not a valid field name\nThe row has ${schema.fields.map(({ name: own }) => own).join(', ')}`,
        )
      return { schema: field.schema, value: memberOf(row, name, field.schema, true) }
    }

    /** Milliseconds since the epoch. */
    const timestampOf = (event: Members, schema: Schema, row: Members): number | null => {
      const name = config.tableFieldEventTimestamp
      const ofEvent = event['ts_ms'] === null || event['ts_ms'] === undefined ? null : Number(event['ts_ms'])
      if (name === undefined) return ofEvent
      const field = schema.field(name)
      if (field === undefined) throw new ConnectError(`Unable to find timestamp field ${name} in event`)
      const value = row[name]
      if (value === null || value === undefined) return ofEvent
      if (field.schema.type !== 'INT64') throw new DataError(`Field '${name}' is not of type INT64`)
      const divisor = divisors[field.schema.name ?? '']
      if (divisor === undefined || (typeof value !== 'number' && typeof value !== 'bigint'))
        throw new DataError(
          `Unsupported field type ${field.schema.name ?? `${field.schema.type} (without logical schema name)`} for event timestamp`,
        )
      return Number(BigInt(value) / divisor)
    }

    const topicOf = (route: string, record: ConnectRecord): string => {
      const found = match(route)
      if (found === null) return route
      const topic = javaReplacement(config.routeTopicReplacement, found)
      if (topic === '')
        throw new DataError(`route.topic.replacement makes an empty topic of ${route} (${record.topic})`)
      return topic
    }

    const schemas = new Map<string, Schema>()
    /** The struct of payload and placed columns. As with Debezium its name is that of the first route its payload schema was seen with. */
    const structSchema = (row: Schema, payload: Schema, route: string, version: number | undefined): Schema => {
      const key = `${row.id}/${payload.id}/${version}`
      let schema = schemas.get(key)
      if (schema === undefined) {
        const dot = row.name?.lastIndexOf('.') ?? -1
        const name = row.name === undefined ? route : `${row.name.slice(0, dot + 1)}${route}.${row.name.slice(dot + 1)}`
        schema = s.struct(
          [
            ['payload', payload],
            ...placements.flatMap(({ column, place, name: member }) => {
              const field = place === 'envelope' ? row.field(column) : undefined
              return field === undefined ? [] : [[member, field.schema] as const]
            }),
          ],
          { name, ...(version !== undefined && { version }) },
        )
        if (schemas.size > 10_000) schemas.clear()
        schemas.set(key, schema)
      }
      return schema
    }

    return {
      apply(record) {
        const { value, valueSchema } = record
        if (value === null || value === undefined) return null
        if (!isEnvelope(valueSchema)) return record
        const event = value as Members
        if (event['op'] === 'd') return null
        if (event['op'] === 'u') {
          if (config.tableOpInvalidBehavior === 'fatal')
            throw new DataError(`Unexpected update message received ${shownKey(record.key)}, fail.`, {
              javaClass: 'java.lang.IllegalStateException',
            })
          say(config.tableOpInvalidBehavior, 'Updates of an outbox table are left out', record.topic)
          return null
        }
        const schema = valueSchema.field('after')?.schema
        const row = event['after'] as Members | null | undefined
        if (schema?.type !== 'STRUCT' || row === null || row === undefined)
          throw new DataError(
            `An outbox event of ${record.topic} has no row after the change (op ${String(event['op'])})`,
          )
        const column = (name: string) => columnOf(schema, row, name)

        if (schema.field(config.tableFieldEventPayload) === undefined)
          throw new ConnectError(`Unable to find payload field ${config.tableFieldEventPayload} in event`)
        let payload = column(config.tableFieldEventPayload)
        const headers: Header[] = [...(record.headers ?? []), { key: 'id', ...column(config.tableFieldEventId) }]
        if (config.tableExpandJsonPayload && payload.value !== null) {
          try {
            if (typeof payload.value !== 'string') throw new DataError('the payload is no text')
            payload = expandJson(config.tableFieldEventPayload, payload.value, jsonOptions)
          } catch (error) {
            say(
              'warn',
              `A payload stays as it is: ${error instanceof DataError ? error.message : 'it is no JSON'}`,
              record.topic,
            )
          }
        }
        const route = column(config.routeByField).value
        if (typeof route !== 'string')
          throw new DataError(
            `Field '${config.routeByField}' is not of type STRING\nroute.by.field: a row has no text in it`,
          )

        let partition: number | null = null
        const members: Record<string, unknown> = { payload: payload.value }
        for (const { column: name, place, name: alias } of placements) {
          const field = schema.field(name)
          if (field === undefined && ignoreMissing) continue
          if (field === undefined && place !== 'header') throw new ConnectError(`Unable to find field ${name} in event`)
          const placed = column(name)
          if (place === 'header') headers.push({ key: alias, ...placed })
          else if (place === 'envelope') setMember(members, alias, placed.value)
          else if (placed.schema.type !== 'INT32')
            throw new DataError(
              `Field '${name}' is not of type INT32\ntable.fields.additional.placement: a partition is an int32`,
            )
          else partition = placed.value as number | null
        }
        const empty = payload.value === null || (typeof payload.value === 'string' && payload.value.trim() === '')
        const version =
          config.tableFieldEventSchemaVersion === undefined
            ? undefined
            : (column(config.tableFieldEventSchemaVersion).value as number)
        const key = column(config.tableFieldEventKey)
        const out =
          empty && config.routeTombstoneOnEmptyPayload
            ? { schema: null, value: null }
            : inEnvelope
              ? { schema: structSchema(schema, payload.schema, route, version), value: members }
              : payload
        return {
          ...record,
          topic: topicOf(route, record),
          partition,
          keySchema: key.schema,
          key: key.value,
          valueSchema: out.schema,
          value: out.value,
          timestamp: timestampOf(event, schema, row),
          headers,
        }
      },
    }
  },
})
