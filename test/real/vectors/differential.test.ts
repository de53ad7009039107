import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { type Case, check } from '../../golden/vector-cases.ts'
import { kafkaLibs } from '../../support/apache-kafka.ts'
import { type Question, randomOf, randomQuestion } from './random-cases.ts'

// The parts of captured cases, put together anew at random, are given to Kafka Connect's own classes and to ours.

const questions = Number(process.env['MILLRACE_QUESTIONS'] ?? 30_000)
const seed = Number(process.env['MILLRACE_SEED'] ?? Math.floor(Math.random() * 2 ** 32))

type Answer = Case['result'] & { readonly invalid?: string }

const oracle = fileURLToPath(new URL('./Oracle.java', import.meta.url))

/** What the classes in the JVM answer, in the order of the questions. */
const answersOf = async (asked: readonly Question[]): Promise<readonly Answer[]> => {
  const child = spawn('java', ['-Xmx512m', '-Xss4m', '-cp', `${kafkaLibs()}/*`, oracle], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  child.stdin.on('error', () => {})
  child.stdin.end(`${asked.map(one => JSON.stringify(one)).join('\n')}\n`)
  const [code, out, said] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  if (code !== 0) throw new Error(`java ${oracle} ended with ${code}: ${said.slice(0, 2000)}`)
  return out
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line.replaceAll(/(\[B|HeapByteBuffer|InsertionSpec)@[0-9a-f]+/g, '$1@<hash>')) as Answer)
}

interface Excuse {
  readonly reason: string
  readonly holds: (question: Question, answer: Answer, difference: string) => boolean
}

/** What of a question stands without a schema. */
const loose = ({ value, schema, record }: Question) => [
  schema === null && value,
  record?.valueSchema === null && record.value,
  record?.keySchema === null && record.key,
]

const says = (answer: Answer, part: string): boolean => answer.error?.message?.includes(part) === true

/** What differs on purpose; as in test/golden/deviations.ts, by what it looks like. */
const excuses: readonly Excuse[] = [
  {
    reason: 'one number type: an integer without a schema is as wide as it must be',
    holds: (_, answer) =>
      says(answer, 'does not support class java.lang.Integer objects as timestamps') ||
      /^Failed to serialize to \w+ \(was class java\.lang\.(Integer|Long|Float|Double)\)/.test(
        answer.error?.message ?? '',
      ),
  },
  {
    reason: 'one number type: a replacement is not cut to the width of what it replaces',
    holds: ({ class: className, config }) =>
      className?.includes('MaskField') === true && /\d{5}/.test(config['replacement'] ?? ''),
  },
  {
    reason: 'digits beyond 64 bits are kept, not wrapped (ADR 7)',
    holds: ({ bytes }) => bytes !== undefined && bytes !== null && 'utf8' in bytes && /\d{19}/.test(bytes.utf8),
  },
  {
    reason: 'a struct carries no schema of its own',
    holds: (question, answer) =>
      says(answer, 'Struct schemas do not match.') ||
      /"struct":.*"schema":\{"type":"struct"/.test(JSON.stringify(loose(question))),
  },
  {
    reason: 'the message would show the whole record',
    holds: (_, answer) => says(answer, 'Timestamp missing on record: S'),
  },
  { reason: 'the message shows the address of an object', holds: (_, answer) => says(answer, 'InsertionSpec@<hash>') },
  {
    reason: 'bytes in a text are their digits, not the address of an array',
    holds: ({ class: className, schema }, answer) =>
      JSON.stringify(answer).includes('@<hash>') ||
      (className?.includes('StringConverter') === true && JSON.stringify(schema ?? null).includes('"bytes"')),
  },
  {
    reason: 'a struct that has a default can be cast',
    holds: (_, answer) => says(answer, 'does not support casting from STRUCT'),
  },
  {
    reason: 'an instant beyond what a date can hold is refused',
    holds: (_, __, difference) => difference.includes('beyond what a date can hold'),
  },
  {
    reason: 'these letters of a date pattern can be written only',
    holds: (_, __, difference) => difference.includes('can be written but not read'),
  },
  {
    reason: 'Java before 19 prints some doubles with a digit too many',
    holds: ({ op, target, value }) =>
      op === 'convertTo' && target === 'decimal' && /\d{17}/.test(JSON.stringify(value)),
  },
  {
    reason: 'dates before 1582 are written in the Gregorian calendar',
    holds: (_, answer) => /"value":"0\d{3}/.test(JSON.stringify(answer)),
  },
  {
    reason: 'bytes of a header that are no text stay bytes',
    holds: ({ op }, answer) => op === 'toHeader' && JSON.stringify(answer).includes('\uFFFD'),
  },
  {
    reason: 'a float without a schema is spelled as JSON spells it',
    holds: ({ class: className, schema, value }) =>
      className?.endsWith('.JsonConverter') === true &&
      schema === null &&
      /"float64":[^,}]*e/.test(JSON.stringify(value)),
  },
  { reason: 'a field may have an empty name', holds: (_, answer) => says(answer, 'fieldName cannot be null.') },
  {
    reason: 'blank text under schema.content is a null',
    holds: (_, answer) => says(answer, 'but found MISSING'),
  },
]

test(`${questions} questions to Kafka Connect's classes have the same answers here, seed ${seed}`, {
  timeout: 300_000,
}, async () => {
  const random = randomOf(seed)
  const asked = Array.from({ length: questions }, () => randomQuestion(random))
  const answers = await answersOf(asked)
  expect(answers).toHaveLength(questions)
  let compared = 0
  let excused = 0
  const failures: string[] = []
  for (const [at, question] of asked.entries()) {
    const answer = answers[at]!
    if (answer.invalid !== undefined) continue
    compared++
    const identityHash = JSON.stringify(answer).includes('@<hash>')
    const difference = await check({ ...question, identityHash, result: answer } as Case).catch(
      (error: Error) => `threw ${error.name}: ${error.message}`,
    )
    if (difference === undefined) continue
    if (excuses.some(excuse => excuse.holds(question, answer, difference))) excused++
    else
      failures.push(`${question.class ?? question.op}: ${question.name}: ${difference}\n  ${JSON.stringify(question)}`)
  }
  console.log(`${compared} questions compared, ${excused} excused, ${failures.length} differ, seed ${seed}`)
  expect(failures.slice(0, 10)).toEqual([])
  // Most of them must say something.
  expect(compared).toBeGreaterThan(questions * 0.9)
  expect(excused).toBeLessThan(questions * 0.03)
})
