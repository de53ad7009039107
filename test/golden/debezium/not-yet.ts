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
export const leftOut: Readonly<Record<string, RegExp>> = Object.fromEntries([
  ...[
    'signal_incremental',
    'signal_blocking',
    'notification_sink',
    'beh_sig_bad',
    'beh_sig_changes',
    'beh_sig_composite',
    'beh_sig_conditions',
    'beh_sig_delete',
    'beh_sig_kafka',
    'beh_sig_key_columns',
    'beh_sig_no_key',
    'beh_sig_regex',
    'beh_sig_snapshot_initial',
    'beh_sig_stop_none',
    'beh_sig_surrogate',
    'beh_sig_tx',
    'beh_sig_types',
    'beh_sig_update',
  ].map(name => [name, /dbz_signal$/] as const),
  ['beh_sig_custom_columns', /public\.sg$/],
])

/** Scenarios that need a whole worker: a pipeline of the test's own has no such part. */
export const needsWorker: Readonly<Record<string, string>> = {
  fail_pub_filtered_none: 'the task fails',
  fail_slot_gone: 'the task fails',
  fail_slot_gone_no_data: 'the task fails',
  beh_bytes_delegate: 'a converter that is no JsonConverter',
  beh_outbox_bytes: 'a converter that is no JsonConverter',
  beh_rest_offsets: 'resets offsets',
  beh_rest_pause: 'pauses',
  beh_sig_kafka: 'what the step put into the topic of signals is shown',
  beh_snap_no_data_restart: 'an offset of a snapshot without rows',
  beh_unwrap_header_fields: 'a header that is null',
}
