import type { ConnectorProps } from '../stores/ports.ts'

type TaskConfig = Readonly<Record<string, string>>

/**
 * Task configs as they are stored: what a config provider put in stands as its variable again, so that no secret is written
 * down (invariant 10). A value of a work item that is such a secret counts too.
 */
export const unresolved = (
  tasks: readonly TaskConfig[],
  raw: ConnectorProps,
  resolved: ConnectorProps,
): readonly TaskConfig[] => {
  const variables = new Map<string, string>()
  const byKey = new Map<string, string>()
  for (const [key, text] of Object.entries(raw)) {
    const value = resolved[key]
    if (text === null || value === undefined || value === null || value === text) continue
    byKey.set(key, text)
    // A short value may well be a setting that only looks the same.
    if (value.length >= 3) variables.set(value, text)
  }
  if (byKey.size === 0) return tasks
  return tasks.map(task =>
    Object.fromEntries(
      Object.entries(task).map(([key, value]) => [key, byKey.get(key) ?? variables.get(value) ?? value]),
    ),
  )
}

/** Whether two sets of task configs say the same, whatever the order of their settings. */
export const sameTasks = (a: readonly TaskConfig[], b: readonly TaskConfig[]): boolean =>
  a.length === b.length && a.every((task, at) => sameProps(task, b[at]!))

/** Whether two sets of settings say the same, whatever their order. */
export const sameProps = (a: ConnectorProps, b: ConnectorProps): boolean => {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every(key => a[key] === b[key])
}
