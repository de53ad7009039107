import { decodeRequest, decodeRequestHeader, encodeResponse, type RequestHeader } from '../protocol/api.ts'
import { errorCodes } from '../protocol/error-codes.ts'
import { apiVersions } from '../protocol/messages/api-versions.ts'
import type { Begun, Frame, Reply } from './connection.ts'
import type { RequestContext, Served } from './serve.ts'

/** Where a request came from. */
export interface Peer {
  readonly host: string
  readonly signal: AbortSignal
}

/** Decodes requests, has them handled, encodes the answers. */
export class Dispatcher {
  readonly #served: ReadonlyMap<number, Served>

  constructor(served: readonly Served[]) {
    this.#served = new Map(served.map(entry => [entry.api.key, entry]))
  }

  /** Throws when the connection has to end: an API or version that is not served, or bytes that are no request. */
  begin(frame: Frame, peer: Peer): Begun {
    const header = decodeRequestHeader(frame.bytes)
    const served = this.#served.get(header.apiKey)
    if (served === undefined)
      throw new Error(`${clientOf(header)} sent a request of API ${header.apiKey}, not served here`)
    const version = header.apiVersion
    const [min, max] = served.versions
    if (version < min || version > max) {
      // The one question that must be answered in any version: the client asks anew with one that it finds in the answer.
      if (served.api.key === apiVersions.key) {
        return { isPipelined: false, reply: Promise.resolve(this.#versionsFallback(header)) }
      }
      throw new Error(`${clientOf(header)} sent ${served.api.name} version ${version}; ${min} to ${max} are served`)
    }
    const request = decodeRequest(served.api, version, header.reader)
    const after: (() => void)[] = []
    const context: RequestContext = {
      version,
      clientId: header.clientId ?? '',
      clientHost: peer.host,
      signal: peer.signal,
      afterSending: done => after.push(done),
    }
    const sent = () => {
      for (const done of after) done()
    }
    const reply = this.#handle(served, request, context, header.correlationId, sent)
    return { isPipelined: served.isPipelined, reply }
  }

  async #handle(
    served: Served,
    request: Parameters<Served['handle']>[0],
    context: RequestContext,
    correlationId: number,
    sent: () => void,
  ): Promise<Reply | null> {
    try {
      const response = await served.handle(request, context)
      if (response !== null) {
        return { buffers: encodeResponse(served.api, context.version, correlationId, response), sent }
      }
      sent()
      return null
    } catch (error) {
      sent()
      throw error
    }
  }

  #versionsFallback(header: RequestHeader): Reply {
    const body = { errorCode: errorCodes.UNSUPPORTED_VERSION, apiKeys: this.advertised() }
    return { buffers: encodeResponse(apiVersions, 0, header.correlationId, body), sent: () => {} }
  }

  advertised(): { readonly apiKey: number; readonly minVersion: number; readonly maxVersion: number }[] {
    return [...this.#served.values()].map(({ api, versions }) => ({
      apiKey: api.key,
      minVersion: versions[0],
      maxVersion: versions[1],
    }))
  }
}

const clientOf = ({ clientId }: RequestHeader): string => `Client ${clientId === null ? 'without id' : `'${clientId}'`}`
