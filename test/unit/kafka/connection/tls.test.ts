import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { tlsOptions } from '../../../../runtime/kafka/connection/tls.ts'
import { SettingsReader } from '../../../../runtime/kafka/settings.ts'

const dir = mkdtempSync(join(tmpdir(), 'millrace-tls-'))
const file = (name: string, content: string | Buffer): string => {
  writeFileSync(join(dir, name), content)
  return join(dir, name)
}
const options = (settings: Record<string, string>, host = 'broker.example.com') =>
  tlsOptions(new SettingsReader(settings), host)
const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'

afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('ssl.*', () => {
  it('names the host, but no address', () => {
    expect(options({}).servername).toBe('broker.example.com')
    expect(options({}, '10.0.0.1').servername).toBeUndefined()
  })

  it('takes trusted certificates from a PEM file or the settings on one line', () => {
    expect(options({ 'ssl.truststore.location': file('trust.pem', pem) }).ca).toBe(pem)
    expect(
      options({ 'ssl.truststore.certificates': pem.replaceAll('\n', '\\n') })
        .ca?.toString()
        .trim(),
    ).toBe(pem.trim())
  })

  it('checks host names unless told not to', () => {
    expect(options({}).checkServerIdentity).toBeUndefined()
    expect(options({ 'ssl.endpoint.identification.algorithm': 'https' }).checkServerIdentity).toBeUndefined()
    expect(options({ 'ssl.endpoint.identification.algorithm': '' }).checkServerIdentity).toBeDefined()
  })

  it('takes a PKCS12 key store as it is', () => {
    const store = Buffer.from([0x30, 0x82, 1, 2, 3])
    const found = options({ 'ssl.keystore.location': file('key.p12', store), 'ssl.keystore.password': 'p' })
    expect([found.pfx, found.passphrase]).toEqual([store, 'p'])
  })

  it.each([
    [{ 'ssl.truststore.location': file('trust.jks', Buffer.from('feedfeed0000', 'hex')) }, /JKS.*PEM/],
    [{ 'ssl.keystore.location': file('key.jks', Buffer.from('feedfeed0000', 'hex')) }, /ssl.keystore.location: a JKS/],
    [{ 'ssl.truststore.location': file('trust.p12', Buffer.from([0x30, 0x82, 1])) }, /PKCS12.*PEM/],
    [{ 'ssl.truststore.location': join(dir, 'missing.pem') }, /ssl.truststore.location: ENOENT/],
    [{ 'ssl.keystore.key': 'x' }, /one is there without the other/],
    [{ 'ssl.enabled.protocols': 'SSLv3' }, /ssl.enabled.protocols: 'SSLv3'/],
  ])('refuses %j', (settings, message) => {
    expect(() => options(settings as unknown as Record<string, string>)).toThrow(message)
  })
})
