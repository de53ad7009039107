/** The settings of a connector that have to do with reaching the store, by the names that its users know. */
export interface SettingNames {
  readonly bucket: string
  readonly region: string
  readonly endpoint: string
  readonly accessKey: string
  readonly secretKey: string
}

/** What went wrong, what helps, and which setting it is about; never a secret (invariant 10). */
export interface StoreProblem {
  readonly message: string
  readonly key: keyof SettingNames
}

interface SdkError {
  readonly name?: string
  readonly message?: string
  readonly code?: string
  readonly cause?: unknown
  readonly errors?: readonly SdkError[]
  readonly Region?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: { readonly statusCode?: number; readonly headers?: Readonly<Record<string, string>> }
}

const asSdkError = (error: unknown): SdkError => (typeof error === 'object' && error !== null ? error : {})
const statusOf = (error: SdkError): number | undefined => error.$metadata?.httpStatusCode ?? error.$response?.statusCode
/** The code of the network error, also where several addresses were tried. */
const networkCode = (error: SdkError): string | undefined =>
  error.code ?? error.errors?.[0]?.code ?? (error.cause === undefined ? undefined : asSdkError(error.cause).code)

const retriedNames = new Set([
  'SlowDown',
  'RequestTimeout',
  'TimeoutError',
  'InternalError',
  'ServiceUnavailable',
  'ThrottlingException',
  'RequestLimitExceeded',
  'OperationAborted',
  'ConditionalRequestConflict',
  'IncompleteBody',
  // What arrived is not what was sent: sending it again helps.
  'BadDigest',
  'XAmzContentSHA256Mismatch',
  // The SDK has learnt the difference of the clocks from this answer, and signs the next request with it.
  'RequestTimeTooSkewed',
  // The provider renews short-lived credentials by itself.
  'ExpiredToken',
  'ExpiredTokenException',
])

/** Whether the same request may succeed later. Errors without a status never reached S3, or its answer never came back. */
export const mayRetry = (error: unknown): boolean => {
  const sdk = asSdkError(error)
  const status = statusOf(sdk)
  if (retriedNames.has(sdk.name ?? '')) return true
  if (status !== undefined) return status >= 500 || status === 429 || status === 408
  const code = networkCode(sdk)
  return code !== undefined && /^(E(CONN|PIPE|TIMEDOUT|HOST|NET|NOTFOUND|AI_)|UND_)/.test(code)
}

/** The upload is gone: aborted by somebody, by a lifecycle rule, or it is complete already. */
export const isLostUpload = (error: unknown): boolean => asSdkError(error).name === 'NoSuchUpload'

/** No such object. A HEAD answer has no body that could say more than its status. */
export const isMissing = (error: unknown): boolean => statusOf(asSdkError(error)) === 404

/** No such permission; listing of uploads is one that policies often leave out. */
export const isDenied = (error: unknown): boolean =>
  asSdkError(error).name === 'AccessDenied' || statusOf(asSdkError(error)) === 403

/** A failed request in words, with the setting to look at. */
export const explain = (
  error: unknown,
  where: { readonly bucket: string; readonly region: string; readonly endpoint: string | undefined },
  names: SettingNames,
): StoreProblem => {
  const sdk = asSdkError(error)
  const status = statusOf(sdk)
  const place = where.endpoint ?? `Amazon S3 in ${where.region}`
  const code = networkCode(sdk)
  const name = sdk.name ?? 'Error'
  const problem = (key: keyof SettingNames, message: string): StoreProblem => ({ key, message })
  const home = sdk.Region ?? sdk.$response?.headers?.['x-amz-bucket-region']

  if (status === 301 || status === 307 || name === 'PermanentRedirect' || name === 'AuthorizationHeaderMalformed') {
    const hint = home === undefined ? `the bucket's own region` : home
    return problem('region', `The bucket ${where.bucket} is not in ${where.region}: set ${names.region} to ${hint}`)
  }
  switch (name) {
    case 'NoSuchBucket':
    case 'NotFound':
      return problem('bucket', `There is no bucket ${where.bucket} at ${place}: create it, or correct ${names.bucket}`)
    case 'InvalidBucketName':
      return problem('bucket', `${where.bucket} is no valid bucket name: correct ${names.bucket}`)
    case 'InvalidAccessKeyId':
    case 'XAdminUserNotFound':
      return problem('accessKey', `${place} does not know this access key: correct ${names.accessKey}`)
    case 'SignatureDoesNotMatch':
      return problem(
        'secretKey',
        `${place} refuses the signature: ${names.secretKey} does not belong to the access key, or ${names.region} is wrong`,
      )
    case 'RequestTimeTooSkewed':
      return problem('endpoint', `The clock of this machine differs too much from that of ${place}: set it right`)
    case 'CredentialsProviderError':
      return problem(
        'accessKey',
        `No AWS credentials found: set ${names.accessKey} and ${names.secretKey}, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile (AWS_PROFILE), or a role of the machine`,
      )
    case 'AccessDenied':
      return problem(
        'accessKey',
        `${place} denies access to the bucket ${where.bucket}: allow the key s3:ListBucket, s3:ListBucketMultipartUploads, s3:PutObject, s3:GetObject and s3:AbortMultipartUpload`,
      )
  }
  if (code === 'ERR_INVALID_URL') {
    return problem('endpoint', `${place} is no URL: give ${names.endpoint} as http://host:port or https://host:port`)
  }
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EHOSTUNREACH') {
    return problem('endpoint', `Nothing answers at ${place} (${code}): correct ${names.endpoint}, or start the store`)
  }
  if (code === 'EPROTO' || code?.startsWith('ERR_SSL') || code?.includes('CERT')) {
    return problem(
      'endpoint',
      `TLS with ${place} fails (${code}): check http or https in ${names.endpoint}, and its certificate`,
    )
  }
  const said = status === undefined ? (code ?? name) : `${status} ${name}`
  return problem('endpoint', `${place} answered ${said}${sdk.message ? `: ${sdk.message}` : ''}`)
}
