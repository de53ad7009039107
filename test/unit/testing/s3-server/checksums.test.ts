import { describe, expect, it } from 'vitest'
import {
  type ChecksumAlgorithm,
  compositeChecksum,
  startChecksum,
} from '../../../../runtime/testing/s3-server/checksums.ts'

describe('checksums', () => {
  // The check values that the catalogue of CRC algorithms gives for the text 123456789; the hashes as coreutils print them.
  it.each<[ChecksumAlgorithm, string]>([
    ['crc32', 'cbf43926'],
    ['crc32c', 'e3069283'],
    ['crc64nvme', 'ae8b14860a799888'],
    ['sha1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
    ['sha256', '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225'],
  ])('%s of the usual text, in pieces', (algorithm, expected) => {
    const sum = startChecksum(algorithm)
    for (const piece of ['1234', '', '56789']) sum.update(Buffer.from(piece))
    expect(sum.digest().toString('hex')).toBe(expected)
  })

  it('of parts combine', () => {
    const part = startChecksum('crc32')
    part.update(Buffer.from('part'))
    const one = part.digest()
    const whole = startChecksum('crc32')
    whole.update(one)
    whole.update(one)
    const text = one.toString('base64')
    expect(compositeChecksum('crc32', [text, text])).toBe(`${whole.digest().toString('base64')}-2`)
  })
})
