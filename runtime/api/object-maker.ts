/** Makes an object of the values from index `from` on, one for each of its names. */
export type ObjectMaker = (values: readonly unknown[], from: number) => Record<string, unknown>

/** Sets a member as JSON.parse does: a field named `__proto__` must not become the prototype. */
export const setMember = (target: Record<string, unknown>, name: string, value: unknown): void => {
  if (name === '__proto__')
    Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true })
  else target[name] = value
}

const enoughUses = 200
// Longer ones would be compiled slowly, and rarely be worth it.
const mostNames = 200
let compilations = 1000

/** The constructor as code: members at fixed places, several times as fast as setting them by name. */
const compile = (names: readonly string[]): ObjectMaker | undefined => {
  if (compilations <= 0 || names.length > mostNames) return undefined
  compilations--
  const members = names.map((name, index) => {
    const key = JSON.stringify(name)
    return `${name === '__proto__' ? `[${key}]` : key}: values[from + ${index}]`
  })
  try {
    // Names are the only thing that varies, each a string literal.
    return new Function('values', 'from', `return { ${members.join()} }`) as ObjectMaker
  } catch {
    // Node was told not to make code from strings: it works without.
    compilations = 0
    return undefined
  }
}

/** Objects with these members, in their order; the same hidden class each. Of a name given twice the last value counts. */
export const objectMaker = (names: readonly string[]): ObjectMaker => {
  let uses = 0
  let compiled: ObjectMaker | undefined
  return (values, from) => {
    if (compiled !== undefined) return compiled(values, from)
    if (++uses === enoughUses) compiled = compile(names)
    const made: Record<string, unknown> = {}
    for (let index = 0; index < names.length; index++) setMember(made, names[index]!, values[from + index])
    return made
  }
}
