/** Why a plugin file could not be loaded, with the line of a syntax error in TypeScript: Node has it in the stack only. */
export const loadFailure = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const [, file, line] = /^(?:[^\n]*[/\\])?([^\n?]+)(?:\?[^\n]*)?:(\d+)\n/.exec(error.stack ?? '') ?? []
  return file === undefined ? error.message : `${error.message} (${file}:${line})`
}
