import { registerHooks } from 'node:module'

const ending = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
const own = new Map([
  ['millrace', new URL(`../api/index${ending}`, import.meta.url).href],
  ['millrace/testing', new URL(`../testing/index${ending}`, import.meta.url).href],
])

/** Tells two versions of a file apart; what a file imports from beside it gets the same, so that it is as new. */
export const VERSION_QUERY = 'millrace'

let registered = false

/** From here on, `millrace` means the running worker's package in any file of this thread: a plugin needs nothing installed. */
export const resolveMillrace = (): void => {
  if (registered) return
  registered = true
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const url = own.get(specifier)
      if (url !== undefined) return { url, shortCircuit: true }
      const resolved = nextResolve(specifier, context)
      const version = versionOf(context.parentURL)
      if (version === undefined || !/^\.\.?\//.test(specifier) || !resolved.url.startsWith('file:')) return resolved
      const versioned = new URL(resolved.url)
      versioned.searchParams.set(VERSION_QUERY, version)
      return { ...resolved, url: versioned.href }
    },
  })
}

const versionOf = (url: string | undefined): string | undefined =>
  url?.includes(`?${VERSION_QUERY}=`) === true ? (new URL(url).searchParams.get(VERSION_QUERY) ?? undefined) : undefined
