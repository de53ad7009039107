/** Scenarios that are not played, each with the reason. */
export const notYet: Readonly<Record<string, string>> = {
  snap_never: 'a value that is refused: Debezium answers 500 with a null pointer, here it is 400 with the reason',
  plugin_default: 'without plugin.name pgoutput is used, where Debezium fails',
  type_domain_over_enum: 'Debezium fails on such a database; here it works',
  validate_config: 'the whole list of settings: ours has some more, and not those inside the JVM (internal.*)',
}

/** What a scenario's records hold in other words, the recording's text by ours; each with the reason. */
export const differentText: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // Debezium names the collection of messages by the identity of a Java object.
  logical_message_exclude: {
    'io.debezium.connector.postgresql.LogicalDecodingMessageMonitor$LogicalDecodingMessageId@<hash>': 'message',
  },
  // Debezium shows the identity of Java objects for the inner arrays, which have no place in the schema.
  type_array_multi: { '"[Ljava.lang.String;@<hash>"': 'null' },
}

/** Topics of a scenario that the recording left out: ids in them are made anew each time. */
export const leftOut: Readonly<Record<string, RegExp>> = {
  signal_incremental: /dbz_signal$/,
  signal_blocking: /dbz_signal$/,
  notification_sink: /dbz_signal$/,
}
