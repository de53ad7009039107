// Brings the REST clients that test/real/rest-clients/ runs, each from its own registry and pinned, to .real/rest-clients/.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { must, real } from './real-parts.mjs'
import { root } from './setup.mjs'

const home = join(real, 'rest-clients')
const programs = join(root, 'test', 'real', 'rest-clients')

/** Of a folder of our programs: what is built from it is built again when it changes. */
const digest = folder => {
  const hash = createHash('sha256')
  for (const name of readdirSync(folder, { recursive: true }).sort())
    if (statSync(join(folder, name)).isFile()) hash.update(name).update(readFileSync(join(folder, name)))
  return hash.digest('hex').slice(0, 12)
}

/** Installs into a folder of its own unless it is there. Throws and names the registry that does not have it. */
const from = (registry, name, version, install) => {
  const folder = join(home, name)
  const complete = join(folder, '.complete')
  if (existsSync(complete) && readFileSync(complete, 'utf8') === version) return
  console.log(`Installing the REST client ${name} ...`)
  mkdirSync(folder, { recursive: true })
  try {
    install(folder)
  } catch (error) {
    throw new Error(`${registry} did not give what test/real/rest-clients needs in ${folder}: ${error.message}`)
  }
  writeFileSync(complete, version)
}

const npm = () =>
  from('The npm registry', 'npm', 'kafka-connect-client@2.3.0', folder =>
    must('npm', [
      'install',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      `--prefix=${folder}`,
      'kafka-connect-client@2.3.0',
    ]),
  )

const pypi = () =>
  from('PyPI', 'python', 'kafka-connect-py==1.0.0,kpops==12.0.3', folder => {
    must('/usr/bin/python3', ['-m', 'venv', '--clear', folder])
    must(join(folder, 'bin', 'python'), ['-m', 'pip', 'install', '-q', 'kafka-connect-py==1.0.0', 'kpops==12.0.3'])
  })

// The versions are in go.mod. Nothing but go.sum's files is taken, and go.mod stays as it is.
const go = () =>
  from('The Go module proxy', 'go', digest(join(programs, 'go')), folder =>
    must('go', ['build', '-mod=readonly', '-o', `${folder}/`, './...'], { cwd: join(programs, 'go') }),
  )

const maven = () =>
  from('The Maven repository', 'java', 'kafka-connect-client:4.0.5', folder =>
    must('mvn', [
      '-q',
      '-B',
      '-f',
      'test/real/parts/connect-client.pom.xml',
      'dependency:copy-dependencies',
      `-DoutputDirectory=${folder}`,
    ]),
  )

/** The clients' folder; each is installed only when it is missing. */
export const restClients = () => {
  npm()
  pypi()
  go()
  maven()
  return home
}
