/** Levels by logger name, changeable at run time, as Kafka Connect's `/admin/loggers` has them. */
export const levelNames = ['OFF', 'FATAL', 'ERROR', 'WARN', 'INFO', 'DEBUG', 'TRACE'] as const
export type LevelName = (typeof levelNames)[number]

export interface LoggerLevel {
  readonly level: LevelName
  /** Milliseconds since the epoch; null when it never changed. */
  readonly lastModified: number | null
}

export const isLevelName = (text: string): text is LevelName => (levelNames as readonly string[]).includes(text)

/** The tree of loggers: a name inherits from the longest dotted prefix that has a level, at last from `root`. */
export class Levels {
  readonly #explicit = new Map<string, LoggerLevel>()
  readonly #known = new Set<string>()
  #root: LoggerLevel = { level: 'INFO', lastModified: null }

  /** Makes a logger of this name known, so that a change of its prefix reaches it. */
  know(name: string): void {
    this.#known.add(name)
  }

  effective(name: string): LevelName {
    for (let prefix = name; prefix !== ''; prefix = prefix.slice(0, Math.max(0, prefix.lastIndexOf('.')))) {
      const found = this.#explicit.get(prefix)
      if (found !== undefined) return found.level
    }
    return this.#root.level
  }

  /** Loggers with a level of their own and `root`, sorted by name. */
  all(): ReadonlyMap<string, LoggerLevel> {
    const entries: [string, LoggerLevel][] = [...this.#explicit, ['root', this.#root]]
    return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  /** undefined when no logger of this name exists. */
  get(name: string): LoggerLevel | undefined {
    if (name.toLowerCase() === 'root') return this.#root
    const explicit = this.#explicit.get(name)
    if (explicit !== undefined) return explicit
    return this.#known.has(name) ? { level: this.effective(name), lastModified: null } : undefined
  }

  /** The level a name starts with (`root` for all): no change that anybody asked for at run time. */
  configure(name: string, level: LevelName): void {
    if (name.toLowerCase() === 'root') this.#root = { level, lastModified: null }
    else this.#explicit.set(name, { level, lastModified: null })
    this.#known.add(name)
  }

  /** Sets the level of every logger whose name starts with the namespace (as text); returns those that changed, sorted. */
  set(namespace: string, level: LevelName, now: number): readonly string[] {
    const root = namespace.toLowerCase() === 'root'
    const targets = root ? [...this.#known] : [...this.#known].filter(name => name.startsWith(namespace))
    if (!root && !targets.includes(namespace)) targets.push(namespace)
    this.#known.add(root ? 'root' : namespace)
    const changed = targets.filter(name => name !== 'root' && this.effective(name) !== level)
    for (const name of targets) {
      if (name === 'root') continue
      // An unchanged logger keeps the time of its last change.
      const before = this.#explicit.get(name)
      if (before?.level !== level) this.#explicit.set(name, { level, lastModified: now })
    }
    if (root && this.#root.level !== level) {
      this.#root = { level, lastModified: now }
      changed.push('root')
    }
    return changed.sort()
  }
}
