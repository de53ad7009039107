import type { ConfigField, ConfigSpec } from '../api/config.ts'
import type { TransformExample } from '../api/define.ts'
import { Schema } from '../api/schema.ts'

/** What a page needs of a plugin. */
export interface Documented {
  readonly class: string
  readonly aliases?: readonly string[]
  readonly version: string
  readonly doc: string
  readonly kind: string
  readonly config: ConfigSpec
  readonly sides?: readonly string[]
  readonly examples?: readonly TransformExample[]
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

const defaultOf = ({ type, options }: ConfigField<unknown>): string => {
  const standIn: unknown = options.default
  if (standIn === undefined) return options.optional === true ? '' : '**Required.**'
  const text = Array.isArray(standIn) ? standIn.join(',') : String(standIn)
  if (text === '') return 'Default: empty.'
  return type === 'PASSWORD' ? 'Has a default.' : `Default: \`${cell(text)}\`.`
}

const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`

const rules = ({ options }: ConfigField<unknown>): readonly string[] =>
  [
    options.values === undefined ? '' : `one of ${options.values.map(value => `\`${value}\``).join(', ')}`,
    options.min === undefined ? '' : `at least ${options.min}`,
    options.max === undefined ? '' : `at most ${options.max}`,
    options.accepts ?? '',
    options.aliases === undefined ? '' : `also ${options.aliases.map(alias => `\`${alias}\``).join(', ')}`,
  ].filter(rule => rule !== '')

// A header's schema is left out like that of a key and a value: readers know it from the declaration, and it has a number of its own.
const json = (value: unknown): string =>
  JSON.stringify(value, (_, member) =>
    typeof member === 'bigint' ? String(member) : member instanceof Schema ? undefined : member,
  )

const shown = (record: TransformExample['output']): string => {
  if (record === null) return 'dropped'
  const members = Object.entries(record ?? {}).filter(([name]) => !name.endsWith('Schema'))
  return json(Object.fromEntries(members))
}

const exampleLines = (example: TransformExample): string[] => [
  `It ${example.title}:`,
  '',
  '```',
  `settings  ${json(example.config)}`,
  `in        ${shown(example.input)}`,
  example.throws === undefined ? `out       ${shown(example.output)}` : `fails     ${example.throws}`,
  '```',
  '',
]

/** A plugin's page of the reference, in Markdown. */
export const docsPage = ({
  class: name,
  aliases = [],
  version,
  doc,
  kind,
  config,
  sides,
  examples = [],
}: Documented): string => {
  const fields = Object.entries(config).filter(([, field]) => field.options.internal !== true)
  const classes = sides === undefined ? [name] : sides.map(side => `${name}$${side}`)
  return [
    `# ${name.slice(name.lastIndexOf('.') + 1)}`,
    '',
    doc,
    '',
    `A ${kind}, version ${version}: ${classes.map(one => `\`${one}\``).join(', ')}${aliases.length === 0 ? '' : `; also ${aliases.map(alias => `\`${alias}\``).join(', ')}`}.`,
    '',
    ...(fields.length === 0
      ? ['It has no settings.']
      : [
          '| setting | what it is |',
          '| --- | --- |',
          ...fields.map(([key, field]) => {
            const told = [field.doc, ...rules(field)].map(text => cell(sentence(text)))
            const standIn = defaultOf(field)
            return `| \`${key}\`<br>${field.type.toLowerCase()} | ${[...told, ...(standIn === '' ? [] : [standIn])].join(' ')} |`
          }),
        ]),
    ...(examples.length === 0 ? [''] : ['', '## Examples', '', ...examples.flatMap(exampleLines)]),
  ].join('\n')
}
