import type { StoreSettings } from './store.ts'

/** S3's canned ACLs, as they are written in settings. */
export const cannedAcls = [
  'private',
  'public-read',
  'public-read-write',
  'authenticated-read',
  'log-delivery-write',
  'bucket-owner-read',
  'bucket-owner-full-control',
  'aws-exec-read',
] as const

/** Encryption and ACL for new objects. `log-delivery-write` exists for buckets only; S3 says so when it is used. */
export const objectOptions = (
  sse: string,
  kmsKeyId: string,
  acl: (typeof cannedAcls)[number] | undefined,
): StoreSettings['objectOptions'] => ({
  ...(sse !== '' && { ServerSideEncryption: sse === 'aws:kms' ? 'aws:kms' : 'AES256' }),
  ...(kmsKeyId !== '' && { SSEKMSKeyId: kmsKeyId }),
  ...(acl !== undefined && { ACL: acl as StoreSettings['objectOptions']['ACL'] }),
})

export const sseNames: readonly string[] = ['', 'AES256', 'aws:kms']
