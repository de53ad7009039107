// Brings the real systems that tests compare with: each from a package registry, kept in .real/.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

/** Where everything is kept. */
export const real = join(root, '.real')

/** Runs a command to its end; throws when it fails. */
export const must = (command, args, options = {}) => {
  const result = spawnSync(command, args, { stdio: 'inherit', cwd: root, ...options })
  if (result.error)
    throw new Error(`${command} cannot be started (${result.error.message}): install it and run this again`)
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')} failed with status ${result.status}`)
}

const has = command => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0

/** Kafka and Kafka Connect 4.3 as jars, from test/real/parts/kafka.pom.xml. */
export const kafkaLibs = () => {
  const libs = join(real, 'kafka')
  if (!existsSync(join(libs, '.complete'))) {
    must('mvn', [
      '-q',
      '-B',
      '-f',
      'test/real/parts/kafka.pom.xml',
      'dependency:copy-dependencies',
      `-DoutputDirectory=${libs}`,
    ])
    must('touch', [join(libs, '.complete')])
  }
  return libs
}

/** Debezium's Postgres connector, for comparisons. */
export const debeziumLibs = () => {
  const libs = join(real, 'plugins', 'debezium')
  if (!existsSync(join(libs, '.complete'))) {
    must('mvn', [
      '-q',
      '-B',
      '-f',
      'test/real/parts/debezium.pom.xml',
      'dependency:copy-dependencies',
      `-DoutputDirectory=${libs}`,
    ])
    must('touch', [join(libs, '.complete')])
  }
  return libs
}

/** versitygw, an S3 server in front of a folder. */
export const versitygw = () => {
  const binary = join(real, 'bin', 'versitygw')
  if (!existsSync(binary)) {
    mkdirSync(join(real, 'bin'), { recursive: true })
    must('go', ['install', 'github.com/versity/versitygw/cmd/versitygw@v1.7.0'], {
      env: { ...process.env, GOBIN: join(real, 'bin') },
    })
  }
  return binary
}

/** Apicurio Registry: a schema registry with the REST API that Confluent's clients use; its folder. */
export const apicurio = () => {
  const folder = join(real, 'apicurio')
  if (!existsSync(join(folder, '.complete'))) {
    const artifact = 'io.apicurio:apicurio-registry-app:2.6.13.Final:tar.gz:all'
    mkdirSync(folder, { recursive: true })
    must('mvn', [
      '-q',
      '-B',
      'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy',
      `-Dartifact=${artifact}`,
      `-DoutputDirectory=${folder}`,
    ])
    must('tar', ['xzf', join(folder, 'apicurio-registry-app-2.6.13.Final-all.tar.gz'), '-C', folder])
    must('touch', [join(folder, '.complete')])
  }
  return folder
}

/** A Python with Confluent's client and its three serializers; the interpreter. */
export const confluentPython = () => {
  const folder = join(real, 'python')
  const python = join(folder, 'bin', 'python')
  if (!existsSync(join(folder, '.complete'))) {
    must('/usr/bin/python3', ['-m', 'venv', '--clear', folder])
    must(python, [
      '-m',
      'pip',
      'install',
      '-q',
      'confluent-kafka[avro,json,protobuf,schemaregistry]==2.13.2',
      'grpcio-tools==1.76.0',
    ])
    must('touch', [join(folder, '.complete')])
  }
  return python
}

/** Schemathesis, which makes requests from an OpenAPI document; its command. */
export const schemathesis = () => {
  const folder = join(real, 'schemathesis')
  if (!existsSync(join(folder, '.complete'))) {
    must('/usr/bin/python3', ['-m', 'venv', '--clear', folder])
    must(join(folder, 'bin', 'python'), ['-m', 'pip', 'install', '-q', 'schemathesis==4.32.5'])
    must('touch', [join(folder, '.complete')])
  }
  return join(folder, 'bin', 'schemathesis')
}

/** Debian packages that give these commands or files. */
export const debian = wanted => {
  const missing = Object.entries(wanted)
    .filter(([probe]) => (probe.startsWith('/') ? !existsSync(probe) : !has(probe)))
    .map(([, name]) => name)
  if (missing.length === 0) return
  const sudo = process.getuid?.() === 0 ? [] : ['sudo']
  const apt = args =>
    must([...sudo, 'apt-get'][0], [...sudo.slice(1), ...(sudo.length ? ['apt-get'] : []), ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
  apt(['update', '-qq'])
  apt(['install', '-y', '-qq', '--no-install-recommends', ...missing])
}
