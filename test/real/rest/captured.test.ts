import { playCapturedRest } from '../../golden/rest/rest-suite.ts'
import { startApacheKafka } from '../../support/apache-kafka.ts'

// The captures are of workers on Apache Kafka: so are these.
playCapturedRest(['distributed'], async () => {
  const kafka = await startApacheKafka()
  return { settings: { 'bootstrap.servers': kafka.bootstrap }, close: () => kafka.close() }
})
