import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ConfigError, RetriableError } from '../../../../runtime/api/errors.ts'
import { parseOrThrow } from '../../../../runtime/config/parse.ts'
import { type ConnectionConfig, connectionSpec } from '../../../../runtime/converters/registry/connection-settings.ts'
import { RegistryHttp } from '../../../../runtime/converters/registry/http-client.ts'
import { type Authority, authority, type IssuedCertificate } from '../../../support/certificates.ts'

let folder: string
let ours: Authority
let other: Authority
let server: IssuedCertificate
let client: IssuedCertificate
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'registry-tls-'))
  ours = authority(folder, 'ours')
  other = authority(folder, 'other')
  server = ours.issue('server')
  client = ours.issue('client')
})
afterAll(() => rmSync(folder, { recursive: true }))

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** The address of a server that answers `[]`; it asks for certificates of our authority where `asks`. */
const serverOf = async ({ key, cert }: IssuedCertificate, asks = false): Promise<string> => {
  const files = { key: readFileSync(key), cert: readFileSync(cert), ca: readFileSync(ours.cert) }
  const made = createServer({ ...files, requestCert: asks, rejectUnauthorized: asks }, (_request, response) =>
    response.end('[]'),
  )
  closing.push(() => {
    made.closeAllConnections()
    made.close()
  })
  await new Promise<void>(resolve => made.listen(0, '127.0.0.1', resolve))
  return `https://127.0.0.1:${(made.address() as AddressInfo).port}`
}

const http = (url: string, ssl: Readonly<Record<string, string>>) => {
  const prefixed = Object.fromEntries(Object.entries(ssl).map(([key, value]) => [`schema.registry.ssl.${key}`, value]))
  const given = { 'schema.registry.url': url, 'max.retries': '0', ...prefixed }
  return new RegistryHttp(parseOrThrow(connectionSpec, given) as unknown as ConnectionConfig, {})
}
const ask = (url: string, ssl: Readonly<Record<string, string>>) => http(url, ssl).ask('GET', '/subjects', undefined)
const trusted = () => ({ 'truststore.location': ours.cert })

describe('whom we trust', () => {
  test('a registry with a certificate of a trusted authority, from a file or from text', async () => {
    const url = await serverOf(server)
    expect(await ask(url, trusted())).toEqual([])
    const oneLine = readFileSync(ours.cert, 'utf8').replaceAll('\n', '\\n')
    expect(await ask(url, { 'truststore.certificates': oneLine })).toEqual([])
  })

  test.each(['of another authority', 'of none'])(
    'not a registry whose certificate is trusted by an authority %s',
    async of => {
      const failing = ask(await serverOf(server), of === 'of none' ? {} : { 'truststore.location': other.cert })
      await expect(failing).rejects.toThrow(ConfigError)
      await expect(failing).rejects.toThrow(
        /schema\.registry\.ssl\.truststore\.location: the certificate of https:.* is not trusted/,
      )
    },
  )

  test('not a registry that shows the certificate of another host, unless names are not checked', async () => {
    const url = await serverOf(ours.issue('elsewhere', 'DNS:elsewhere'))
    await expect(ask(url, trusted())).rejects.toThrow('has a certificate for another host')
    expect(await ask(url, { ...trusted(), 'endpoint.identification.algorithm': '' })).toEqual([])
  })
})

describe('who we are', () => {
  test('a registry gets the certificate that it asks for, from a file or from text', async () => {
    const url = await serverOf(server, true)
    expect(await ask(url, { ...trusted(), 'keystore.location': client.both })).toEqual([])
    const text = (file: string) => readFileSync(file, 'utf8')
    const given = { 'keystore.key': text(client.key), 'keystore.certificate.chain': text(client.cert) }
    expect(await ask(url, { ...trusted(), ...given })).toEqual([])
  })

  test.each(['none', 'another'])('%s: the setting is named', async which => {
    const url = await serverOf(server, true)
    const store: Record<string, string> = which === 'none' ? {} : { 'keystore.location': other.issue('stranger').both }
    await expect(ask(url, { ...trusted(), ...store })).rejects.toThrow(/schema\.registry\.ssl\.keystore\.location/)
  })

  test('files that cannot be used are named before anything is asked', () => {
    const broken = join(folder, 'broken.p12')
    const jks = join(folder, 'store.jks')
    writeFileSync(broken, 'nothing')
    writeFileSync(jks, Buffer.from('feedfeed00000002', 'hex'))
    const made = (ssl: Readonly<Record<string, string>>) => () => http('https://127.0.0.1:1', ssl)
    expect(made({ 'keystore.location': broken })).toThrow(`${broken} cannot be opened`)
    expect(made({ 'keystore.location': jks })).toThrow('is a Java key store (JKS): export it')
    expect(made({ 'truststore.location': jks })).toThrow('is no PEM file')
    expect(made({ 'truststore.location': join(folder, 'absent') })).toThrow('ENOENT')
    expect(made({ 'keystore.key': 'k' })).toThrow('keystore.certificate.chain is missing')
  })
})

test('a registry that is not there is another matter: it may come', async () => {
  await expect(ask('https://127.0.0.1:1', trusted())).rejects.toThrow(RetriableError)
})
