import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { kafkaLibs } from '../../support/apache-kafka.ts'

/** Runs a program to its end with `input` on its stdin; returns what it wrote. Throws with both outputs when it fails. */
export function run(command: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'pipe' })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', chunk => (stdout += chunk))
    child.stderr.on('data', chunk => (stderr += chunk))
    child.once('error', error => reject(new Error(`${command} cannot be started: ${error.message}`)))
    child.once('close', code => {
      if (code === 0) resolve(stdout)
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}\n${stdout}\n${stderr}`))
    })
    child.stdin.end(input)
  })
}

/** One of Apache Kafka's command line tools, by its class. */
export const kafkaTool = (mainClass: string, args: readonly string[], input = ''): Promise<string> => {
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'
  return run('java', ['-Xmx256m', quiet, '-cp', join(kafkaLibs(), '*'), mainClass, ...args], input)
}
