import { registerHooks } from 'node:module'

const ending = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
const own = new Map([
  ['millrace', new URL(`../api/index${ending}`, import.meta.url).href],
  ['millrace/testing', new URL(`../testing/index${ending}`, import.meta.url).href],
])

let registered = false

/** From here on, `millrace` means the running worker's package in any file of this thread: a plugin needs nothing installed. */
export const resolveMillrace = (): void => {
  if (registered) return
  registered = true
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const url = own.get(specifier)
      return url === undefined ? nextResolve(specifier, context) : { url, shortCircuit: true }
    },
  })
}
