// npm run test:real: the same runtime against Apache Kafka, Debezium, versitygw, Debian's PostgreSQL, kcat, Apicurio Registry, Confluent's Python client others' REST clients and Schemathesis.
import { apicurio, confluentPython, debeziumLibs, debian, kafkaLibs, schemathesis, versitygw } from './real-parts.mjs'
import { restClients } from './real-rest-clients.mjs'
import { ensureInstalled, run } from './setup.mjs'

ensureInstalled()
debian({
  kcat: 'kcat',
  '/usr/lib/postgresql/15/bin/postgres': 'postgresql-15',
  '/usr/lib/python3.11/ensurepip': 'python3.11-venv',
})
const parts = {
  MILLRACE_KAFKA_LIBS: kafkaLibs(),
  MILLRACE_DEBEZIUM: debeziumLibs(),
  MILLRACE_VERSITYGW: versitygw(),
  MILLRACE_POSTGRES_BIN: '/usr/lib/postgresql/15/bin',
  MILLRACE_APICURIO: apicurio(),
  MILLRACE_PYTHON: confluentPython(),
  MILLRACE_REST_CLIENTS: restClients(),
  MILLRACE_SCHEMATHESIS: schemathesis(),
}
process.exit(await run('vitest', ['run', '--maxWorkers=1', '--project', 'real', ...process.argv.slice(2)], parts))
