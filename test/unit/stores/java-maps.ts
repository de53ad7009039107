/** Four entries, one of them null, and none: HashMap<byte[], byte[]> as Java 17's ObjectOutputStream writes it. */
export const javaSome = Buffer.from(
  [
    'rO0ABXNyABFqYXZhLnV0aWwuSGFzaE1hcAUH2sHDFmDRAwACRgAKbG9hZEZhY3RvckkACXRocmVzaG9sZHhwP0AAAAAAAAx3CAAAABAAAAAEdXIA',
    'AltCrPMX+AYIVOACAAB4cAAAABlbImdvbmUiLHsiZmlsZW5hbWUiOiJ4In1dcHVxAH4AAgAAAChbImZpbGVzIix7ImZpbGVuYW1lIjoiL3Zhci9k',
    'YXRhL2EudHh0In1ddXEAfgACAAAAD3sicG9zaXRpb24iOjE0fXVxAH4AAgAAABpbInBnIix7InNlcnZlciI6Im9yZGVycyJ9XXVxAH4AAgAAADN7',
    'ImxzbiI6OTAwNzE5OTI1NDc0MDk5MywidHhJZCI6NzQ1LCJzbmFwc2hvdCI6dHJ1ZX11cQB+AAIAAAAlWyJjYWbDqSIseyJmaWxlbmFtZSI6Ilx1',
    'RDgzRFx1REUwMCJ9XXVxAH4AAgAAAA57InBvc2l0aW9uIjozfXg=',
  ].join(''),
  'base64',
)

export const javaEmpty = Buffer.from(
  'rO0ABXNyABFqYXZhLnV0aWwuSGFzaE1hcAUH2sHDFmDRAwACRgAKbG9hZEZhY3RvckkACXRocmVzaG9sZHhwP0AAAAAAAAB3CAAAABAAAAAAeA==',
  'base64',
)
