import type { ConfigRecord } from './config-records.ts'
import type { ConfigChange, ConnectorProps, SessionKey, StoredConnector, TargetState } from './ports.ts'

type TaskConfigs = readonly Readonly<Record<string, string>>[]

interface Known {
  readonly props: ConnectorProps
  tasks: TaskConfigs
  /** A commit without all of its tasks: compaction has eaten some. It has none until a whole set is committed. */
  inconsistent: boolean
  /** How many sets of tasks were committed. */
  generation: number
  /** The settings that the last committed tasks were made of. */
  applied: ConnectorProps | undefined
}

/**
 * What the records of a config topic add up to, one after the other. Pure: no time, no I/O. Records of connectors that
 * are gone stay in the topic for ever and change nothing.
 */
export class ConfigLog {
  readonly #connectors = new Map<string, Known>()
  readonly #targets = new Map<string, TargetState>()
  /** Task configs that no commit has made valid yet. */
  readonly #open = new Map<string, Map<number, Readonly<Record<string, string>>>>()
  readonly #fencing = new Map<string, number>()
  /** Their tasks were committed, and those before not fenced yet. */
  readonly #unfenced = new Set<string>()
  #sessionKey: SessionKey | undefined

  names(): readonly string[] {
    return [...this.#connectors.keys()]
  }

  get(connector: string): StoredConnector | undefined {
    const known = this.#connectors.get(connector)
    if (known === undefined) return undefined
    const targetState = this.#targets.get(connector) ?? 'STARTED'
    return { props: known.props, targetState, tasks: known.inconsistent ? [] : known.tasks }
  }

  get sessionKey(): SessionKey | undefined {
    return this.#sessionKey
  }

  /** Grows with every committed set of tasks; 0 before the first. */
  generation(connector: string): number {
    return this.#connectors.get(connector)?.generation ?? 0
  }

  /** The settings that the tasks were made of; undefined: none since the connector is there. */
  appliedProps(connector: string): ConnectorProps | undefined {
    return this.#connectors.get(connector)?.applied
  }

  isInconsistent(connector: string): boolean {
    return this.#connectors.get(connector)?.inconsistent ?? false
  }

  /** How many transactional ids may be alive; undefined when none was ever recorded. */
  fencedTasks(connector: string): number | undefined {
    return this.#fencing.get(connector)
  }

  /** Whether tasks before the last committed ones may still be alive. */
  needsFencing(connector: string): boolean {
    return this.#unfenced.has(connector)
  }

  /** What it changes for those who listen; undefined: nothing. */
  apply(record: ConfigRecord): ConfigChange | undefined {
    switch (record.kind) {
      case 'connector':
        return record.props === null ? this.#remove(record.connector) : this.#put(record.connector, record.props)
      case 'task': {
        const open = this.#open.get(record.connector) ?? new Map<number, Readonly<Record<string, string>>>()
        this.#open.set(record.connector, open.set(record.task, record.props))
        return undefined
      }
      case 'commit':
        return this.#commit(record.connector, record.tasks)
      case 'target':
        return this.#target(record.connector, record.state)
      case 'fencing':
        this.#fencing.set(record.connector, record.tasks)
        this.#unfenced.delete(record.connector)
        return undefined
      case 'session-key':
        this.#sessionKey = record.key
        return { kind: 'session-key' }
      case 'restart':
      case 'logger':
        return record
    }
  }

  #put(connector: string, props: ConnectorProps): ConfigChange {
    const before = this.#connectors.get(connector)
    this.#connectors.set(connector, {
      ...(before ?? { tasks: [], inconsistent: false, generation: 0, applied: undefined }),
      props,
    })
    return { kind: 'connector', connector, created: before === undefined }
  }

  #remove(connector: string): ConfigChange | undefined {
    this.#targets.delete(connector)
    this.#open.delete(connector)
    return this.#connectors.delete(connector) ? { kind: 'removed', connector } : undefined
  }

  #commit(connector: string, count: number): ConfigChange | undefined {
    const open = this.#open.get(connector) ?? new Map<number, Readonly<Record<string, string>>>()
    this.#open.delete(connector)
    const known = this.#connectors.get(connector)
    if (known === undefined) return undefined
    const tasks = Array.from({ length: count }, (_, task) => open.get(task))
    const whole = tasks.every(task => task !== undefined) && open.size === count
    if (whole) {
      known.tasks = tasks as TaskConfigs
      known.applied = known.props
    }
    known.inconsistent = !whole
    known.generation++
    this.#unfenced.add(connector)
    return { kind: 'tasks', connector }
  }

  #target(connector: string, state: TargetState | null): ConfigChange | undefined {
    // The one of a new connector stands before it.
    if (state === null) this.#targets.delete(connector)
    else this.#targets.set(connector, state)
    return this.#connectors.has(connector) ? { kind: 'target', connector } : undefined
  }
}
