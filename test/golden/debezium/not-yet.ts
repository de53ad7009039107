/** Scenarios that are not played, each with the reason. The beginning of a name stands for all that begin so. */
export const notYet: Readonly<Record<string, string>> = {
  unwrap_add_headers: 'the tombstone of Debezium shares the list of headers with its delete event; a unit test has the rest',
  rest_create: 'about the REST interface, not the connector',
  logical_message_exclude: 'Debezium names the collection of messages by the identity of a Java object; here it is `message`',
  snap_never: 'shows an error of the REST interface',
  plugin_default: 'without plugin.name pgoutput is used, where Debezium fails',
  type_domain_over_enum: 'Debezium fails on such a database; here it works',
  type_array_multi: 'Debezium shows the identity of Java objects; here a nested array is null',
  validate_config: 'lists every setting of the JVM connector with its internal ones',
}

/** Answers within a scenario that are not compared, each with the reason. */
export const differentWords: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  filter_conflicts: {
    'bad regex': 'the words are those of the regular expression engine',
    'not a number': 'types of settings are checked by the runtime, in its words',
  },
  snap_modes_rejected: {
    'snapshot.mode=custom': 'refused: it needs a class of the JVM',
    'snapshot.mode=configuration_based': 'refused where it asks for neither rows nor changes',
  },
}

/** Topics of a scenario that the recording left out: ids in them are made anew each time. */
export const leftOut: Readonly<Record<string, RegExp>> = {
  signal_incremental: /dbz_signal$/,
  signal_blocking: /dbz_signal$/,
  notification_sink: /dbz_signal$/,
}
