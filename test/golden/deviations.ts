const oneNumber = 'JavaScript has one number type: the width or class of a value is not known without a schema.'
const javaRegexText = "The words of Java's regular expression compiler are its own; ours names the expression."
const names = 'Names of classes are resolved by the plugin registry, whose tests have these cases.'

/**
 * Where ours differs from what was captured, on purpose, by file and case, with the reason. A case that no longer differs fails
 * until it is taken out.
 */
export const deviations: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'converters/JsonConverter.read': {
    'schemas off, raw: beyond int64': 'Digits beyond 64 bits are kept, not wrapped (ADR 7).',
  },
  'converters/JsonConverter.write': {
    'no envelope: int64 under int32 schema': oneNumber,
    'schemaless, no envelope: float64': oneNumber,
    'schemaless, envelope: bigint': oneNumber,
    'schemaless, no envelope: bigint': oneNumber,
    'schemaless, no envelope: struct without outer schema': 'A struct without its schema is a map here.',
  },
  'converters/StringConverter': {
    'read bad encoding': 'Found when the connector is created, not when the first record comes.',
  },
  'converters/HeaderConverters': {
    'Simple read invalid utf8': 'Bytes that are no text stay bytes; Kafka Connect replaces them with U+FFFD.',
  },
  'converters/primitives': {
    'Long write int32 value': oneNumber,
  },
  'smt/RegexRouter': {
    'topic "orders" regex "[" replacement "x"': javaRegexText,
    'topic "orders" regex "(" replacement "x"': javaRegexText,
    'topic "orders" regex "orders(?=x)?" replacement "look"':
      'A quantified look-ahead has no equal here: refused when the connector is created.',
  },
  'smt/InsertField': {
    'static without value': 'Kafka Connect prints the address of an object where ours prints the name of the field.',
  },
  'smt/ReplaceField': {
    'renames "\\u0001"': 'Java trims control characters off a list; here such a name is refused.',
  },
  'smt/TimestampRouter': {
    'source record without timestamp': 'Kafka Connect prints the whole record into the message; ours names its topic.',
  },
  'smt/TopicNameMatches': {
    invalid: javaRegexText,
    'bad star': javaRegexText,
  },
  'smt/Cast': {
    'schemaless whole {"float32":0.1} to string': oneNumber,
    'schemaless whole {"float64":10000000000} to string': oneNumber,
    'schemaless whole {"float64":100} to string': oneNumber,
    'schemaless whole {"float32":16777216} to string': oneNumber,
    'spec null': 'A null is told like any other missing value.',
  },
  'smt/DropHeaders': { 'null config': 'A null is told like any other missing value.' },
  'smt/HeaderFrom': { 'empty fields': 'All problems are told at once, not only the first.' },
  'smt/MaskField': {
    'map field st': 'Without a schema a struct is a map like others.',
    'replacement "70000" for i16': oneNumber,
    'replacement "3000000000" for i32': oneNumber,
  },
  'smt/TimestampConverter': { 'int32 source schemaless': oneNumber },
  'smt/TransformationChain': {
    'type is a simple alias name': names,
    'type is a simple inner alias name': names,
    'type is abstract': names,
    'predicate is not a predicate': names,
    'type is a bare outer alias': names,
    'type is a bare inner alias': names,
    'predicate defined but not listed': 'The message names the predicate and where it is missing.',
  },
}
