import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'

/** A field as Kafka publishes it. */
export interface PublishedField {
  readonly name: string
  readonly type: string
  readonly versions: string
  readonly nullableVersions?: string
  readonly taggedVersions?: string
  readonly tag?: number
  readonly default?: string | number
  readonly ignorable?: boolean
  readonly fields?: readonly PublishedField[]
}

export interface PublishedMessage {
  readonly name: string
  readonly apiKey?: number
  readonly validVersions: string
  readonly flexibleVersions: string
  readonly latestVersionUnstable?: boolean
  readonly fields: readonly PublishedField[]
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly PublishedField[] }[]
}

/** The message definitions in the kafka-clients jar of the directory that MILLRACE_KAFKA_LIBS names, by message name. */
export function publishedDefinitions(): ReadonlyMap<string, PublishedMessage> {
  const directory = process.env['MILLRACE_KAFKA_LIBS']
  if (!directory)
    throw new Error("Set MILLRACE_KAFKA_LIBS to the folder of Apache Kafka's jars (libs/ of a distribution)")
  const jar = readdirSync(directory).find(name => /^kafka-clients-[\d.]+\.jar$/.test(name))
  if (jar === undefined) throw new Error(`No kafka-clients jar in MILLRACE_KAFKA_LIBS=${directory}`)
  const messages = new Map<string, PublishedMessage>()
  for (const [name, text] of zipEntries(readFileSync(join(directory, jar)), /^common\/message\/\w+\.json$/)) {
    const message: PublishedMessage = JSON.parse(text.replace(/^\s*\/\/.*$/gm, ''))
    messages.set(message.name ?? name, message)
  }
  return messages
}

/** The text of a jar's entries, read from its central directory. */
function* zipEntries(zip: Buffer, wanted: RegExp): Generator<[name: string, text: string]> {
  const end = zip.lastIndexOf(Buffer.from('504b0506', 'hex'))
  let at = zip.readUInt32LE(end + 16)
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const size = zip.readUInt32LE(at + 20)
    const nameLength = zip.readUInt16LE(at + 28)
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength)
    if (wanted.test(name)) {
      const local = zip.readUInt32LE(at + 42)
      const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28)
      const bytes = zip.subarray(start, start + size)
      yield [name, (zip.readUInt16LE(at + 10) === 0 ? bytes : inflateRawSync(bytes)).toString('utf8')]
    }
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
  }
}
