import { ConfigError } from 'millrace'
import type { TimeZone } from './time-zone.ts'

/** A piece of a name template. */
export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'topic' }
  | { readonly kind: 'partition'; readonly width: number }
  | { readonly kind: 'offset'; readonly width: number }
  | { readonly kind: 'time'; readonly render: (local: number) => string }

const variable = /\{\{\s*(\w+)\s*(?::\s*(\w+)\s*=\s*(\w+)\s*)?\}\}/g

const pad = (value: number, width: number) => String(value).padStart(width, '0')
const units: Readonly<Record<string, (date: Date) => string>> = {
  yyyy: date => pad(date.getUTCFullYear(), 4),
  YYYY: date => pad(date.getUTCFullYear(), 4),
  MM: date => pad(date.getUTCMonth() + 1, 2),
  dd: date => pad(date.getUTCDate(), 2),
  HH: date => pad(date.getUTCHours(), 2),
}
const isoDate = (local: number) => new Date(local).toISOString().slice(0, 10)

/** The parts of `{{topic}}-{{partition:padding=true}}...`; throws ConfigError for a variable that does not exist. */
export const parseTemplate = (template: string, key: string): TemplatePart[] => {
  const wrong = (message: string): never => {
    throw new ConfigError(message, { key })
  }
  const padding = (name: string, parameter: string | undefined, value: string | undefined, width: number): number => {
    if (parameter === undefined) return 0
    if (parameter !== 'padding' || (value !== 'true' && value !== 'false')) {
      return wrong(`{{${name}}} takes padding=true or padding=false, not ${parameter}=${value}`)
    }
    return value === 'true' ? width : 0
  }
  const parts: TemplatePart[] = []
  let at = 0
  for (const match of template.matchAll(variable)) {
    const [whole, name = '', parameter, value] = match
    if (match.index > at) parts.push({ kind: 'text', text: template.slice(at, match.index) })
    at = match.index + whole.length
    switch (name) {
      case 'topic':
        parts.push({ kind: 'topic' })
        break
      case 'partition':
        parts.push({ kind: 'partition', width: padding(name, parameter, value, 10) })
        break
      case 'start_offset':
        parts.push({ kind: 'offset', width: padding(name, parameter, value, 20) })
        break
      case 'timestamp': {
        const unit = parameter === 'unit' ? units[value ?? ''] : undefined
        if (unit === undefined) return wrong('{{timestamp}} needs :unit= one of yyyy, MM, dd, HH')
        parts.push({ kind: 'time', render: local => unit(new Date(local)) })
        break
      }
      case 'utc_date':
      case 'local_date':
        parts.push({ kind: 'time', render: isoDate })
        break
      case 'key':
        return wrong('{{key}} (one object per key) is not supported here yet')
      default:
        return wrong(`There is no variable {{${name}}}: use topic, partition, start_offset or timestamp`)
    }
  }
  if (at < template.length) parts.push({ kind: 'text', text: template.slice(at) })
  return parts
}

/** Checks that names tell apart whatever must be apart. */
export const checkTemplate = (parts: readonly TemplatePart[], key: string): void => {
  const count = (kind: TemplatePart['kind']) => parts.filter(part => part.kind === kind).length
  const missing = (['topic', 'partition', 'offset'] as const).filter(kind => count(kind) === 0)
  if (missing.length > 0) {
    const names = missing.map(kind => `{{${kind === 'offset' ? 'start_offset' : kind}}}`).join(', ')
    throw new ConfigError(`Names without ${names} would overwrite each other`, { key })
  }
  if (count('offset') > 1) throw new ConfigError('{{start_offset}} may occur once', { key })
}

/** The texts of the time variables, one behind the other: equal where names are equal but for topic, partition and offset. */
export const placeOf = (parts: readonly TemplatePart[], time: number, zone: TimeZone): string => {
  const local = zone.toLocal(time)
  let place = ''
  for (const part of parts) if (part.kind === 'time') place += `${part.render(local)}/`
  return place
}

/** What stands before and behind the offset. */
export const around = (
  parts: readonly TemplatePart[],
  topic: string,
  partition: number,
  place: string,
): { before: string; after: string; width: number } => {
  const times = place.split('/')
  let text = ''
  let before = ''
  let width = 0
  for (const part of parts) {
    if (part.kind === 'text') text += part.text
    else if (part.kind === 'topic') text += topic
    else if (part.kind === 'partition') text += pad(partition, part.width)
    else if (part.kind === 'time') text += times.shift() ?? ''
    else {
      before = text
      width = part.width
      text = ''
    }
  }
  return { before, after: text, width }
}
