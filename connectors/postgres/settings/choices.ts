import { type ConfigField, c, type Importance, type Width } from 'millrace'

interface ChoiceOptions {
  readonly importance: Importance
  readonly group: string
  readonly width?: Width
}

/** The values of settings that allow only some; compared without regard to case. */
export const choicesOf = new WeakMap<object, readonly string[]>()

/**
 * A setting with a few allowed values. They are checked by the connector's own validation, which words problems as users of
 * Debezium know them.
 */
export const oneOf = (
  doc: string,
  values: readonly string[],
  standard: string,
  options: ChoiceOptions,
): ConfigField<string> => {
  const field = c.string(doc, { ...options, default: standard, recommended: values })
  choicesOf.set(field, values)
  return field
}
