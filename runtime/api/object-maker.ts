import { madeFunction } from './made-function.ts'

/** Makes an object of the values from index `from` on, one for each of its names. */
export type ObjectMaker = (values: readonly unknown[], from: number) => Record<string, unknown>

/** Copies the members of an object that it was made for, and adds `values`, one for each further name. */
export type ObjectCopier = (
  source: Readonly<Record<string, unknown>>,
  values: readonly unknown[],
) => Record<string, unknown>

export interface CopiedMember {
  readonly from: string
  readonly to: string
  /** What stands for null and for a member that is not there. */
  readonly standIn: unknown
}

/** Sets a member, whatever its name: one called `__proto__` must not become the prototype. */
export const setMember = (target: Record<string, unknown>, name: string, value: unknown): void => {
  if (name === '__proto__')
    Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true })
  else target[name] = value
}

const enoughUses = 200
// Longer ones would be compiled slowly, and rarely be worth it.
const mostNames = 200

/** A function that returns an object, as code: members at fixed places, several times as fast as by name. All that varies in it are string literals. */
const compile = <T>(parameters: string, members: readonly string[]): T | undefined =>
  members.length > mostNames ? undefined : madeFunction<T>([parameters], `return { ${members.join()} }`)

const literal = (name: string): string => JSON.stringify(name)
const key = (name: string): string => (name === '__proto__' ? `[${literal(name)}]` : literal(name))

/** Objects with these members, in their order, of the same hidden class. Of a name given twice the last value counts. */
export const objectMaker = (names: readonly string[]): ObjectMaker => {
  let uses = 0
  let compiled: ObjectMaker | undefined
  return (values, from) => {
    if (compiled !== undefined) return compiled(values, from)
    if (++uses === enoughUses)
      compiled = compile(
        'values, from',
        names.map((name, index) => `${key(name)}: values[from + ${index}]`),
      )
    const made: Record<string, unknown> = {}
    for (let index = 0; index < names.length; index++) setMember(made, names[index]!, values[from + index])
    return made
  }
}

/** What every object seems to have. */
const isInherited = (name: string): boolean => name in Object.prototype

const ownMember = (source: Readonly<Record<string, unknown>>, name: string): unknown =>
  isInherited(name) && !Object.hasOwn(source, name) ? undefined : source[name]

type CompiledCopier = (
  source: Readonly<Record<string, unknown>>,
  values: readonly unknown[],
  standIns: readonly unknown[],
) => Record<string, unknown>

const compileCopier = (members: readonly CopiedMember[], more: readonly string[]): CompiledCopier | undefined =>
  compile('source, values, standIns', [
    ...members.map(({ from, to }, index) => {
      const member = `source[${literal(from)}]`
      const own = isInherited(from) ? `(Object.hasOwn(source, ${literal(from)}) ? ${member} : null)` : member
      return `${key(to)}: ${own} ?? standIns[${index}]`
    }),
    ...more.map((name, index) => `${key(name)}: values[${index}]`),
  ])

/** Copies of plain objects, for a transform to make per schema. `more`: names of the values that are added. */
export const objectCopier = (members: readonly CopiedMember[], more: readonly string[] = []): ObjectCopier => {
  let uses = 0
  let compiled: CompiledCopier | undefined
  const standIns = members.map(member => member.standIn)
  return (source, values) => {
    if (compiled !== undefined) return compiled(source, values, standIns)
    if (++uses === enoughUses) compiled = compileCopier(members, more)
    const made: Record<string, unknown> = {}
    for (const { from, to, standIn } of members) setMember(made, to, ownMember(source, from) ?? standIn)
    for (let index = 0; index < more.length; index++) setMember(made, more[index]!, values[index])
    return made
  }
}
