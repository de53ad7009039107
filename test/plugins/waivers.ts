/** What a plugin of ours is let off, with the reason: `CLASS: DUTY`. An entry that is no longer needed fails. */
export const waivers: Readonly<Record<string, string>> = {
  'io.aiven.kafka.connect.s3.AivenKafkaConnectS3SinkConnector: example':
    "the same sink as Confluent's, whose example is config-examples/s3-orders.json; its own settings are in the reference",
}
