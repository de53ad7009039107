/**
 * The URL of a sibling module for `new Worker`: the sources are `.ts`, the published package holds `.js`, and the
 * compiler does not rewrite strings.
 */
export const moduleUrl = (name: string, importMetaUrl: string): URL =>
  new URL(`${name}${importMetaUrl.endsWith('.ts') ? '.ts' : '.js'}`, importMetaUrl)
