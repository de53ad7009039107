/** Folders without unit tests of their own, each with the reason. A stale entry fails. */
export const untested: Readonly<Record<string, string>> = {
  'runtime/assembly': 'puts a worker together; run by test/integration/cli and the pipeline tests',
  'runtime/broker/handlers': 'one function per message; run by test/integration/broker with three clients',
  'runtime/kafka/admin': 'one request per method; run by test/contract/kafka on both brokers',
}
