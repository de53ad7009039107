// Brings the REST clients that test/real/rest-clients/ runs, each from its own registry and pinned, to .real/rest-clients/.
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { must, real } from './real-parts.mjs'

const home = join(real, 'rest-clients')

/** Installs into a folder of its own unless it is there. Throws and names the registry that does not have it. */
const from = (registry, name, version, install) => {
  const folder = join(home, name)
  const complete = join(folder, `.complete-${version}`)
  if (existsSync(complete)) return
  mkdirSync(folder, { recursive: true })
  try {
    install(folder)
  } catch (error) {
    throw new Error(`${registry} did not give the client ${name} ${version}: ${error.message}`)
  }
  must('touch', [complete])
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

/** The clients' folder; each is installed only when it is missing. */
export const restClients = () => {
  npm()
  pypi()
  return home
}
