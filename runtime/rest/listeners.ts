import { ConfigError } from '../api/errors.ts'

const form = /^(https?):\/\/(\[[0-9a-fA-F:.]*\]|[^:/]*):(\d{1,5})$/i

export interface Listener {
  readonly secure: boolean
  /** Empty: all addresses. */
  readonly host: string
  readonly port: number
}

/** `http://host:port` or `https://...`; the host may be empty or an IPv6 address in brackets. Throws ConfigError. */
export const parseListener = (listener: string, key = 'listeners'): Listener => {
  const match = form.exec(listener.trim())
  if (match === null || Number(match[3]) > 65_535)
    throw new ConfigError(`Invalid value ${listener} for configuration ${key}: give it as http://host:port`, {
      key,
    })
  return {
    secure: match[1]!.toLowerCase() === 'https',
    host: match[2]!.replace(/^\[|\]$/g, ''),
    port: Number(match[3]),
  }
}
