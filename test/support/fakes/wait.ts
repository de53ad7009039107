import { setImmediate as turn } from 'node:timers/promises'

/** Resolves as soon as `check` holds; fails after `ms` with what was waited for. Turns the event loop, does not sleep. */
export const until = async (
  check: () => boolean | Promise<boolean>,
  what = String(check),
  ms = 5000,
): Promise<void> => {
  const end = performance.now() + ms
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`Waited ${ms} ms in vain until ${what}`)
    await turn()
  }
}
