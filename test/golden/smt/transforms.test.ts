import { testVectors } from '../vector-tests.ts'

testVectors([
  'smt/Cast',
  'smt/DropHeaders',
  'smt/ExtractField',
  'smt/Filter',
  'smt/Flatten',
  'smt/HeaderFrom',
  'smt/HoistField',
  'smt/InsertHeader',
  'smt/MaskField',
  'smt/SetSchemaMetadata',
  'smt/ValueToKey',
  'smt/HasHeaderKey',
  'smt/InsertField',
  'smt/RecordIsTombstone',
  'smt/RegexRouter',
  'smt/ReplaceField',
  'smt/TimestampConverter',
  'smt/TimestampRouter',
  'smt/TopicNameMatches',
  'smt/TransformationChain',
])
