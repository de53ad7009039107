import { testVectors } from '../vector-tests.ts'

testVectors([
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
  'smt/TimestampRouter',
  'smt/TopicNameMatches',
  'smt/TransformationChain',
])
