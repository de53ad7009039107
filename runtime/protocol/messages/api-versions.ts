import { api } from '../api.ts'
import { f, struct } from '../schema.ts'

/** Which APIs and versions a broker speaks. */
export const apiVersions = api({
  key: 18,
  name: 'ApiVersions',
  versions: [0, 4],
  flexible: 3,
  request: struct({
    clientSoftwareName: f.string('3+', { ignorable: true }),
    clientSoftwareVersion: f.string('3+', { ignorable: true }),
  }),
  response: struct({
    errorCode: f.int16('0+'),
    apiKeys: f.array(struct({ apiKey: f.int16('0+'), minVersion: f.int16('0+'), maxVersion: f.int16('0+') }), '0+'),
    throttleTimeMs: f.int32('1+', { ignorable: true }),
    supportedFeatures: f.array(
      struct({ name: f.string('3+'), minVersion: f.int16('3+'), maxVersion: f.int16('3+') }),
      '3+',
      { tag: 0, tagged: '3+', ignorable: true },
    ),
    finalizedFeaturesEpoch: f.int64('3+', { tag: 1, tagged: '3+', default: -1, ignorable: true }),
    finalizedFeatures: f.array(
      struct({ name: f.string('3+'), maxVersionLevel: f.int16('3+'), minVersionLevel: f.int16('3+') }),
      '3+',
      { tag: 2, tagged: '3+', ignorable: true },
    ),
    zkMigrationReady: f.boolean('3+', { tag: 3, tagged: '3+', ignorable: true }),
  }),
})
