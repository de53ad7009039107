export type Mode = 'standalone' | 'distributed'

interface Exclusion {
  /** Numbers from 1, of all steps of the file; without it the whole scenario. */
  readonly steps?: readonly number[]
  /** Without it both. */
  readonly modes?: readonly Mode[]
  readonly why: string
}

/** What of the captures a worker does not repeat, each with its reason. An entry that has become needless fails. */
export const excluded: Readonly<Record<string, readonly Exclusion[]>> = {
  'failed-connector': [{ why: 'MirrorHeartbeatConnector is not there yet' }],
  'internal-endpoints': [
    {
      steps: [3, 4, 5, 6, 10, 11],
      modes: ['standalone'],
      why: 'only workers of a cluster sign requests; Kafka Connect in standalone mode refuses these with 500, as we do',
    },
  ],
  'worker-basic-auth': [
    { steps: [7, 8], modes: ['standalone'], why: 'only workers of a cluster sign requests, as above' },
  ],
  'create-unreachable-names': [{ why: "names with / or % can be addressed here (%2F, %25): Kafka Connect's server cannot" }],
  'loggers-no-backend': [{ why: 'the captured worker ran without a logging backend' }],
  'unknown-class-repeated': [{ why: 'Kafka Connect remembers failed look-ups; here the answer is the same each time' }],
  topics: [{ steps: [7, 10], why: 'a running task tells of a topic once between two offset commits: after a reset it is listed again with the first record after the next commit' }],
  'validate-bad-values': [{ steps: [3], why: 'java.lang.String is a class there; here it is unknown' }],
  'validate-client-overrides': [{ steps: [5], modes: ['standalone'], why: 'the group of the workers: there is none' }],
  'validate-sink-topics': [{ steps: [4], why: "the text of Java's regular expressions" }],
}
