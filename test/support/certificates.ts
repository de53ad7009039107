import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
const openssl = (args: readonly string[]) => execFileSync('openssl', args, { stdio: 'ignore' })

export interface IssuedCertificate {
  /** PEM files: the key, the certificate, and both in one. */
  readonly key: string
  readonly cert: string
  readonly both: string
}

export interface Authority {
  /** PEM file of the authority's own certificate. */
  readonly cert: string
  /** A certificate for 127.0.0.1, unless other names are given (`DNS:elsewhere`). */
  issue(name: string, names?: string): IssuedCertificate
}

/** An authority whose files are in `folder`, which the caller removes. Needs the `openssl` command. */
export const authority = (folder: string, name: string): Authority => {
  const file = (what: string) => join(folder, `${what}.pem`)
  const [key, cert] = [file(`${name}-key`), file(name)]
  openssl(['req', '-x509', ...ec, '-days', '1', '-subj', `/CN=${name}`, '-keyout', key, '-out', cert])
  return {
    cert,
    issue(of, names = 'IP:127.0.0.1') {
      const issued = { key: file(`${of}-key`), cert: file(of), both: file(`${of}-both`) }
      const request = file(`${of}-request`)
      openssl(['req', ...ec, '-subj', `/CN=${of}`, '-keyout', issued.key, '-out', request])
      writeFileSync(file(`${of}-extra`), `subjectAltName=${names}\n`)
      const signed = ['-CA', cert, '-CAkey', key, '-CAcreateserial', '-days', '1', '-extfile', file(`${of}-extra`)]
      openssl(['x509', '-req', '-in', request, ...signed, '-out', issued.cert])
      writeFileSync(issued.both, readFileSync(issued.key, 'utf8') + readFileSync(issued.cert, 'utf8'))
      return issued
    },
  }
}
