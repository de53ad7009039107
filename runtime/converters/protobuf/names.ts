import type { ProtobufSettings } from './settings.ts'

/** What an unnamed schema is called; a number follows. */
export const unnamed = 'ConnectDefault'

export const isIdentifier = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)

/** `a.b.C` gives `C`. */
export const lastPart = (name: string): string => name.slice(name.lastIndexOf('.') + 1)

/** The name as Protobuf may have it, under `scrub.invalid.names`; else the name itself. */
export const scrubbed = (name: string, settings: ProtobufSettings): string =>
  settings.scrubNames ? scrubName(name) : name

/** URL-encodes what a Protobuf name may not hold and makes identifiers of the result. */
const scrubName = (name: string): string => {
  if (name === '' || /^[A-Za-z][A-Za-z0-9_]*$/.test(name)) return name
  // As application/x-www-form-urlencoded has it: a space is a plus, and * stays.
  const encoded = encodeURIComponent(name.toWellFormed())
    .replace(/%20/g, '+')
    .replace(/[!'()~]/g, sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
  return (/^[0-9_]/.test(encoded) ? `x${encoded}` : encoded).replace(/[^A-Za-z0-9_]/g, '_')
}

/** Name of the message that holds a map's entries: `my_labels` gives `MyLabelsEntry`, `labels` gives `labelsEntry`. */
export const entryName = (name: string): string =>
  `${
    name.includes('_')
      ? name
          .split('_')
          .map(word => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase())
          .join('')
      : name
  }Entry`

/** The way back from `entryName`, on the last part of a name: `a.MyLabelsEntry` gives `a.my_labels`. */
export const mapName = (name: string): string => {
  const last = lastPart(name)
  if (!last.endsWith('Entry')) return name
  const words = last.slice(0, -'Entry'.length).replace(/(?!^)[A-Z]/g, letter => `_${letter}`)
  return name.slice(0, name.length - last.length) + words.toLowerCase()
}
