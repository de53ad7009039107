import type { Work } from '../api/define.ts'

/** Names the settings of a task config that are its work item; of those with `:json` the value is JSON. */
const WORK_KEY = 'millrace.work'

/**
 * A work item of `split` as settings: strings as they are, other values as JSON. Throws TypeError for what is no JSON.
 */
export const workToProps = (work: Work): Readonly<Record<string, string>> => {
  const names = Object.keys(work)
  if (names.length === 0) return {}
  const props: Record<string, string> = {}
  const marks: string[] = []
  for (const name of names) {
    const value = work[name]
    if (value === undefined) continue
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    if (text === undefined) throw new TypeError(`The work item's ${name} cannot be written as JSON`)
    props[name] = text
    marks.push(typeof value === 'string' ? name : `${name}:json`)
  }
  props[WORK_KEY] = marks.join(',')
  return props
}

/** The work item in a task's settings, as `split` gave it. */
export const workFromProps = (props: Readonly<Record<string, string>>): Work => {
  const marks = (props[WORK_KEY] ?? '').split(',').filter(mark => mark !== '')
  return Object.fromEntries(
    marks.map(mark => {
      const json = mark.endsWith(':json')
      const name = json ? mark.slice(0, -':json'.length) : mark
      const text = props[name] ?? ''
      return [name, json ? JSON.parse(text) : text]
    }),
  )
}

/** The name Kafka Connect shows as `task.class` beside a connector's class. */
export const taskClass = (connectorClass: string): string =>
  /(Sink|Source)Connector$/.test(connectorClass)
    ? connectorClass.replace(/Connector$/, 'Task')
    : `${connectorClass}Task`
