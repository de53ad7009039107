import { describe, expect, it, vi } from 'vitest'
import { explain, isLostUpload, mayRetry } from '../../../../connectors/s3/problems.ts'
import { Requests, StoppedError } from '../../../../connectors/s3/requests.ts'

const answer = (status: number, name: string, more: object = {}) =>
  Object.assign(new Error(`said ${name}`), { name, $metadata: { httpStatusCode: status }, ...more })
const network = (code: string) => Object.assign(new Error(code), { code })
const never = new AbortController().signal
const requests = (more: Partial<ConstructorParameters<typeof Requests>[0]> = {}) => {
  const changed = vi.fn()
  return {
    changed,
    made: new Requests({ retries: 2, backoffMs: 1, maxBackoffMs: 5, pauseMs: 1, ...more }, changed, () => 0),
  }
}

describe('errors', () => {
  it.each([
    [true, answer(503, 'SlowDown')],
    [true, answer(500, 'InternalError')],
    [true, answer(429, 'TooManyRequests')],
    [true, answer(400, 'RequestTimeout')],
    [true, answer(403, 'RequestTimeTooSkewed')],
    [true, answer(400, 'BadDigest')],
    [true, network('ECONNRESET')],
    [true, network('ENOTFOUND')],
    [true, Object.assign(new Error('x'), { errors: [network('ECONNREFUSED')] })],
    [true, Object.assign(new Error('x'), { name: 'TimeoutError' })],
    [false, answer(403, 'AccessDenied')],
    [false, answer(404, 'NoSuchBucket')],
    [false, answer(301, 'PermanentRedirect')],
    [false, answer(400, 'InvalidPart')],
    [false, network('ENOSPC')],
    [false, new TypeError('a bug')],
    [false, undefined],
  ])('%s: %s', (expected, error) => {
    expect(mayRetry(error)).toBe(expected)
  })

  it('of uploads that are gone are told apart', () => {
    expect(isLostUpload(answer(404, 'NoSuchUpload'))).toBe(true)
    expect(isLostUpload(answer(404, 'NoSuchKey'))).toBe(false)
  })

  it('in words name the setting', () => {
    const names = { bucket: 'b', region: 'r', endpoint: 'e', accessKey: 'a', secretKey: 's' }
    const where = { bucket: 'lake', region: 'us-west-2', endpoint: undefined }
    const words = (error: unknown) => explain(error, where, names)
    const redirect = answer(301, 'PermanentRedirect', {
      $response: { headers: { 'x-amz-bucket-region': 'eu-west-1' } },
    })
    expect(words(redirect)).toEqual({
      key: 'region',
      message: 'The bucket lake is not in us-west-2: set r to eu-west-1',
    })
    expect(words(answer(400, 'InvalidBucketName')).key).toBe('bucket')
    const missing = Object.assign(new Error('none'), { name: 'CredentialsProviderError' })
    expect(words(missing)).toMatchObject({ key: 'accessKey', message: expect.stringContaining('AWS_PROFILE') })
    expect(words(network('CERT_HAS_EXPIRED')).message).toContain('TLS with Amazon S3 in us-west-2 fails')
    expect(explain(network('ERR_INVALID_URL'), { ...where, endpoint: 'localhost:9000' }, names)).toEqual({
      key: 'endpoint',
      message: 'localhost:9000 is no URL: give e as http://host:port or https://host:port',
    })
    expect(words(answer(507, 'Full')).message).toBe('Amazon S3 in us-west-2 answered 507 Full: said Full')
  })
})

describe('requests', () => {
  it('are repeated until they succeed; the outage is told when all quick retries failed', async () => {
    const { made, changed } = requests()
    const outages: boolean[] = []
    let attempts = 0
    const result = await made.send(async () => {
      outages.push(made.outage !== undefined)
      if (++attempts < 6) throw answer(503, 'SlowDown')
      return 'done'
    }, never)
    expect(result).toBe('done')
    expect(outages).toEqual([false, false, false, true, true, true])
    expect(made.outage).toBeUndefined()
    expect(changed).toHaveBeenCalledTimes(2)
  })

  it('that cannot succeed are not repeated, and the error is kept', async () => {
    const { made } = requests()
    const attempt = vi.fn(async () => {
      throw answer(403, 'AccessDenied')
    })
    await expect(made.send(attempt, never)).rejects.toThrow('AccessDenied')
    expect(attempt).toHaveBeenCalledTimes(1)
    expect(made.fatal?.error).toMatchObject({ name: 'AccessDenied' })
  })

  it('that are stopped begin no further attempt', async () => {
    const { made } = requests({ pauseMs: 60_000, retries: 0 })
    const stop = new AbortController()
    const sent = made.send(async () => {
      throw answer(503, 'SlowDown')
    }, stop.signal)
    await vi.waitFor(() => expect(made.outage).toBeDefined())
    stop.abort()
    await expect(sent).rejects.toBeInstanceOf(StoppedError)
    expect(made.fatal).toBeUndefined()
    // Nobody asks S3 any more, so nobody would learn that it is back.
    expect(made.outage).toBeUndefined()
  })

  it('that are cut off at the end count as given up, whatever they say', async () => {
    const { made } = requests()
    const gate = Promise.withResolvers<void>()
    const attempt = vi.fn(() => gate.promise)
    const sent = made.send(attempt, never)
    made.end()
    gate.reject(answer(403, 'AccessDenied'))
    await expect(sent).rejects.toBeInstanceOf(StoppedError)
    await expect(made.send(attempt, never)).rejects.toBeInstanceOf(StoppedError)
    expect(attempt).toHaveBeenCalledTimes(1)
    expect(made.fatal).toBeUndefined()
  })

  it('run a few at once', async () => {
    const { made } = requests()
    let running = 0
    let most = 0
    const gates = Array.from({ length: 30 }, () => Promise.withResolvers<void>())
    const all = gates.map(gate =>
      made.send(async () => {
        most = Math.max(most, ++running)
        await gate.promise
        running--
      }, never),
    )
    expect(made.load).toBe(30)
    for (const gate of gates) gate.resolve()
    await Promise.all(all)
    expect(most).toBe(8)
    expect(made.load).toBe(0)
  })
})
