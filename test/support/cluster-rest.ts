/** A worker of a cluster, of whatever make: where its REST is. */
export interface ClusterWorker {
  readonly rest: string
}

export interface Part {
  readonly state: string
  readonly worker_id: string
  readonly trace?: string
}

export interface Status {
  readonly connector: Part
  readonly tasks: readonly Part[]
}

export const idOf = ({ rest }: ClusterWorker): string => new URL(rest).host

/** One request; the answer's body as JSON, null for an empty one. */
export const ask = async ({ rest }: ClusterWorker, method: string, path: string, body?: unknown) => {
  const answer = await fetch(`${rest}${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  const text = await answer.text()
  return {
    status: answer.status,
    location: answer.headers.get('location'),
    body: text === '' ? null : (JSON.parse(text) as unknown),
  }
}

/** Of all connectors, by name. */
export const statuses = async (worker: ClusterWorker): Promise<Record<string, Status>> => {
  const { body } = await ask(worker, 'GET', '/connectors?expand=status')
  return Object.fromEntries(
    Object.entries(body as Record<string, { status: Status }>).map(([name, { status }]) => [name, status]),
  )
}

export const partsOf = (all: Record<string, Status>): Part[] =>
  Object.values(all).flatMap(({ connector, tasks }) => [connector, ...tasks])

/** So many connectors and tasks there are, all RUNNING on these workers. */
export const runOn =
  (count: number, workers: readonly ClusterWorker[]) =>
  (all: Record<string, Status>): boolean => {
    const parts = partsOf(all)
    const ids = new Set(workers.map(idOf))
    return parts.length === count && parts.every(part => part.state === 'RUNNING' && ids.has(part.worker_id))
  }

/** `line FROM`, `line FROM+1` ..., each with its newline. */
export const numberedLines = (from: number, count: number): string =>
  Array.from({ length: count }, (_, at) => `line ${from + at}\n`).join('')
