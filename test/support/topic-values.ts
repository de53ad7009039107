import { createKafka } from '../../runtime/kafka/kafka.ts'

/** The values of a topic as text, in order; none when the topic is not there. */
export const valuesOf = async (bootstrap: string, topic: string): Promise<(string | undefined)[]> => {
  const kafka = createKafka({ 'bootstrap.servers': bootstrap })
  const values: (string | undefined)[] = []
  try {
    const [description] = await kafka.admin().describeTopics([topic])
    if (description === undefined) return []
    const log = kafka.topicLog({ topic, onRecord: ({ value }) => void values.push(value?.toString()) })
    await log.start()
    await log.stop()
  } finally {
    await kafka.close()
  }
  return values
}
