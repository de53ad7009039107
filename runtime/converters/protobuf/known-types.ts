// Files that every registry knows, so that a schema may import them without a reference. Declarations only, as published with
// Protobuf, Google's common types and Confluent's schema types. Files that only declare options are read past.

/** `int32 year; int32 month` gives fields numbered from 1. */
const fields = (list: string): string =>
  list
    .split('; ')
    .map((field, index) => `${field} = ${index + 1};`)
    .join(' ')

const message = (name: string, list: string): string => `message ${name} { ${fields(list)} }\n`

const symbols = (name: string, list: string): string =>
  `enum ${name} { ${list
    .split(' ')
    .map((symbol, number) => `${symbol} = ${number};`)
    .join(' ')} }\n`

const file = (inPackage: string, body: string): string => `syntax = "proto3";\npackage ${inPackage};\n${body}`

const wrappers = ['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes']

const texts: Readonly<Record<string, string>> = {
  'google/protobuf/any.proto': file('google.protobuf', message('Any', 'string type_url; bytes value')),
  // Only what other files extend.
  'google/protobuf/descriptor.proto': `syntax = "proto2";\npackage google.protobuf;\n${[
    'File',
    'Message',
    'Field',
    'Oneof',
    'Enum',
    'EnumValue',
    'Service',
    'Method',
    'ExtensionRange',
  ]
    .map(name => `message ${name}Options { extensions 1000 to max; }\n`)
    .join('')}`,
  'google/protobuf/duration.proto': file('google.protobuf', message('Duration', 'int64 seconds; int32 nanos')),
  'google/protobuf/empty.proto': file('google.protobuf', 'message Empty {}'),
  'google/protobuf/field_mask.proto': file('google.protobuf', message('FieldMask', 'repeated string paths')),
  'google/protobuf/source_context.proto': file('google.protobuf', message('SourceContext', 'string file_name')),
  'google/protobuf/struct.proto': file(
    'google.protobuf',
    `message Struct { map<string, Value> fields = 1; }
message Value { oneof kind { ${fields('NullValue null_value; double number_value; string string_value; bool bool_value; Struct struct_value; ListValue list_value')} } }
${symbols('NullValue', 'NULL_VALUE')}${message('ListValue', 'repeated Value values')}`,
  ),
  'google/protobuf/timestamp.proto': file('google.protobuf', message('Timestamp', 'int64 seconds; int32 nanos')),
  'google/protobuf/wrappers.proto': file(
    'google.protobuf',
    wrappers.map(name => message(`${name}Value`, `${name.toLowerCase()} value`)).join(''),
  ),
  'google/type/calendar_period.proto': file(
    'google.type',
    symbols('CalendarPeriod', 'CALENDAR_PERIOD_UNSPECIFIED DAY WEEK FORTNIGHT MONTH QUARTER HALF YEAR'),
  ),
  'google/type/color.proto': file(
    'google.type',
    `import "google/protobuf/wrappers.proto";\n${message('Color', 'float red; float green; float blue; google.protobuf.FloatValue alpha')}`,
  ),
  'google/type/date.proto': file('google.type', message('Date', 'int32 year; int32 month; int32 day')),
  'google/type/datetime.proto': file(
    'google.type',
    `import "google/protobuf/duration.proto";
message DateTime { ${fields('int32 year; int32 month; int32 day; int32 hours; int32 minutes; int32 seconds; int32 nanos')}
oneof time_offset { google.protobuf.Duration utc_offset = 8; TimeZone time_zone = 9; } }
${message('TimeZone', 'string id; string version')}`,
  ),
  'google/type/dayofweek.proto': file(
    'google.type',
    symbols('DayOfWeek', 'DAY_OF_WEEK_UNSPECIFIED MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY SUNDAY'),
  ),
  'google/type/decimal.proto': file('google.type', message('Decimal', 'string value')),
  'google/type/expr.proto': file(
    'google.type',
    message('Expr', 'string expression; string title; string description; string location'),
  ),
  'google/type/fraction.proto': file('google.type', message('Fraction', 'int64 numerator; int64 denominator')),
  'google/type/interval.proto': file(
    'google.type',
    `import "google/protobuf/timestamp.proto";\n${message('Interval', 'google.protobuf.Timestamp start_time; google.protobuf.Timestamp end_time')}`,
  ),
  'google/type/latlng.proto': file('google.type', message('LatLng', 'double latitude; double longitude')),
  'google/type/money.proto': file('google.type', message('Money', 'string currency_code; int64 units; int32 nanos')),
  'google/type/month.proto': file(
    'google.type',
    symbols(
      'Month',
      'MONTH_UNSPECIFIED JANUARY FEBRUARY MARCH APRIL MAY JUNE JULY AUGUST SEPTEMBER OCTOBER NOVEMBER DECEMBER',
    ),
  ),
  'google/type/phone_number.proto': file(
    'google.type',
    `message PhoneNumber { ${message('ShortCode', 'string region_code; string number')}
oneof kind { string e164_number = 1; ShortCode short_code = 2; } string extension = 3; }`,
  ),
  'google/type/postal_address.proto': file(
    'google.type',
    message(
      'PostalAddress',
      'int32 revision; string region_code; string language_code; string postal_code; string sorting_code; string administrative_area; string locality; string sublocality; repeated string address_lines; repeated string recipients; string organization',
    ),
  ),
  'google/type/quaternion.proto': file('google.type', message('Quaternion', 'double x; double y; double z; double w')),
  'google/type/timeofday.proto': file(
    'google.type',
    message('TimeOfDay', 'int32 hours; int32 minutes; int32 seconds; int32 nanos'),
  ),
  'confluent/type/decimal.proto': file(
    'confluent.type',
    message('Decimal', 'bytes value; uint32 precision; int32 scale'),
  ),
  'confluent/type/variant.proto': file('confluent.type', message('Variant', 'bytes metadata; bytes value')),
}

/** The text of a file that needs no reference, by the path in `import`; undefined for others. */
export const knownFile = (path: string): string | undefined => (Object.hasOwn(texts, path) ? texts[path] : undefined)

export const decimalMessage = 'confluent.type.Decimal'
export const dateMessage = 'google.type.Date'
export const timeMessage = 'google.type.TimeOfDay'
export const timestampMessage = 'google.protobuf.Timestamp'

/** Where the message types that stand for a Connect type are declared. */
export const knownImports: Readonly<Record<string, string>> = {
  [decimalMessage]: 'confluent/type/decimal.proto',
  [dateMessage]: 'google/type/date.proto',
  [timeMessage]: 'google/type/timeofday.proto',
  [timestampMessage]: 'google/protobuf/timestamp.proto',
  ...Object.fromEntries(wrappers.map(name => [`google.protobuf.${name}Value`, 'google/protobuf/wrappers.proto'])),
}

/** What a root that is a primitive is registered as: wrappers.proto, printed as Confluent prints it. */
export const wrappersText = `syntax = "proto3";
package google.protobuf;

option java_package = "com.google.protobuf";
option java_outer_classname = "WrappersProto";
option java_multiple_files = true;
option go_package = "google.golang.org/protobuf/types/known/wrapperspb";
option cc_enable_arenas = true;
option objc_class_prefix = "GPB";
option csharp_namespace = "Google.Protobuf.WellKnownTypes";

${wrappers.map(name => `message ${name}Value {\n  ${name.toLowerCase()} value = 1;\n}\n`).join('')}`

export const isWrapper = (fullName: string): boolean =>
  fullName.startsWith('google.protobuf.') &&
  fullName.endsWith('Value') &&
  wrappers.includes(fullName.slice('google.protobuf.'.length, -'Value'.length))
