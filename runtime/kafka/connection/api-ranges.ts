import { type Api, decodeResponse, type RequestInputOf } from '../../protocol/api.ts'
import { errorCodes, KafkaProtocolError } from '../../protocol/error-codes.ts'
import { apiVersions } from '../../protocol/messages/api-versions.ts'
import { KafkaClientError } from '../errors.ts'

/** What a broker speaks: per API key its first and last version. */
export type ApiRanges = ReadonlyMap<number, readonly [min: number, max: number]>

type Ask = <A extends Api>(api: A, version: number, body: RequestInputOf<A>) => Promise<{ readonly frame: Buffer }>

const software = { clientSoftwareName: 'millrace', clientSoftwareVersion: '1' }

/** Asks a broker what it speaks. One that is older than our newest ApiVersions answers in version 0 and names what it takes. */
export async function negotiate(ask: Ask): Promise<ApiRanges> {
  const newest = apiVersions.versions[1]
  let version = newest
  let { frame } = await ask(apiVersions, version, software)
  // The error code stands at the same place in every version, behind the correlation id.
  if (frame.length >= 6 && frame.readInt16BE(4) === errorCodes.UNSUPPORTED_VERSION) {
    const known = decodeResponse(apiVersions, 0, frame).apiKeys.find(entry => entry.apiKey === apiVersions.key)
    version = Math.min(newest, known?.maxVersion ?? 0)
    frame = (await ask(apiVersions, version, version >= 3 ? software : {})).frame
  }
  const response = decodeResponse(apiVersions, version, frame)
  if (response.errorCode !== 0) throw new KafkaProtocolError(response.errorCode, { api: apiVersions.name })
  return new Map(response.apiKeys.map(entry => [entry.apiKey, [entry.minVersion, entry.maxVersion] as const]))
}

export function commonVersion(ranges: ApiRanges, api: Api, broker: string, maxVersion?: number): number {
  const range = ranges.get(api.key)
  const [ourMin, ourMax] = api.versions
  const max = Math.min(ourMax, maxVersion ?? ourMax, range?.[1] ?? -1)
  if (range !== undefined && max >= Math.max(ourMin, range[0])) return max
  const theirs = range === undefined ? 'does not speak it' : `speaks versions ${range[0]} to ${range[1]}`
  const wanted = `${ourMin} to ${Math.min(ourMax, maxVersion ?? ourMax)} are wanted`
  throw new KafkaClientError('UNSUPPORTED', `${api.name}: ${broker} ${theirs}, ${wanted}; Kafka 2.1 or later is needed`)
}
