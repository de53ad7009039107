/** Another worker of the cluster answers this request: whoever serves it passes it on. */
export class ElsewhereError extends Error {
  override readonly name = 'ElsewhereError'
  /** Base URL of that worker. */
  readonly url: string

  constructor(url: string) {
    super(`The worker at ${url} answers this`)
    this.url = url
  }
}
