import { ConfigError } from '../api/errors.ts'

const form = /^(https?):\/\/(\[[0-9a-fA-F:.]*\]|[^:/]*):(\d{1,5})$/i

/** `http://host:port`; the host may be empty (all addresses) or an IPv6 address in brackets. Throws ConfigError. */
export const parseListener = (listener: string): { readonly host: string; readonly port: number } => {
  const match = form.exec(listener.trim())
  if (match === null || Number(match[3]) > 65_535)
    throw new ConfigError(`Invalid value ${listener} for configuration listeners: give it as http://host:port`, {
      key: 'listeners',
    })
  if (match[1]!.toLowerCase() === 'https')
    throw new ConfigError(
      `The listener ${listener} asks for https, which is not supported yet: put a proxy in front, or use http`,
      { key: 'listeners' },
    )
  return { host: match[2]!.replace(/^\[|\]$/g, ''), port: Number(match[3]) }
}
