import { afterEach, describe, expect, it, vi } from 'vitest'
import { parseJaas } from '../../../../runtime/kafka/connection/jaas.ts'
import { oauthBearer } from '../../../../runtime/kafka/connection/oauth-bearer.ts'
import { SettingsReader } from '../../../../runtime/kafka/settings.ts'

const jaas = (options: string) => parseJaas(`Module required ${options};`)
const none = new SettingsReader({})
const tokenOf = async (mechanism: ReturnType<typeof oauthBearer>): Promise<string> => {
  const text = String(await mechanism.begin().first())
  return /auth=Bearer ([^\x01]*)\x01/.exec(text)![1]!
}
const claims = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>

afterEach(() => {
  vi.useRealTimers()
})

describe('OAUTHBEARER', () => {
  it('makes unsecured tokens from the options', async () => {
    const options =
      'unsecuredLoginStringClaim_sub="carol" unsecuredLoginNumberClaim_n="7" unsecuredLoginListClaim_scope="|a|b"'
    const token = await tokenOf(oauthBearer(none, jaas(options), undefined))
    expect(claims(token)).toMatchObject({ sub: 'carol', n: 7, scope: ['a', 'b'] })
    expect(token.endsWith('.')).toBe(true)
  })

  it('sends extensions beside the token, and one byte after a refusal', async () => {
    const mechanism = oauthBearer(none, jaas('unsecuredLoginStringClaim_sub="c" extension_cluster="lkc-1"'), undefined)
    const exchange = mechanism.begin()
    expect(String(await exchange.first())).toMatch(/\x01cluster=lkc-1\x01\x01$/)
    expect(await exchange.next(Buffer.from('{"status":"invalid_token"}'))).toEqual(Buffer.from([1]))
    expect(await exchange.next(Buffer.alloc(0))).toBeNull()
  })

  it('shares a token until most of its life is over', async () => {
    vi.useFakeTimers({ now: 1_000_000_000_000 })
    const options = 'unsecuredLoginStringClaim_sub="c" unsecuredLoginLifetimeSeconds="100"'
    const mechanism = oauthBearer(none, jaas(options), undefined)
    const first = await tokenOf(mechanism)
    vi.advanceTimersByTime(79_000)
    expect(await tokenOf(mechanism)).toBe(first)
    vi.advanceTimersByTime(2000)
    expect(await tokenOf(mechanism)).not.toBe(first)
  })

  it.each([
    ['a="b"', {}, /unsecuredLoginStringClaim_sub/],
    ['a="b"', { 'sasl.oauthbearer.token.endpoint.url': 'ftp://x' }, /token.endpoint.url/],
    ['a="b"', { 'sasl.oauthbearer.token.endpoint.url': 'gopher://me:secret@x' }, /^(?!.*secret).*token.endpoint.url/],
    ['clientId="x"', { 'sasl.oauthbearer.token.endpoint.url': 'https://x/token' }, /clientId and clientSecret/],
  ])('refuses %s with %j', (options, settings, message) => {
    expect(() => oauthBearer(new SettingsReader(settings as Record<string, string>), jaas(options), undefined)).toThrow(
      message,
    )
  })
})
