import { testVectors } from '../vector-tests.ts'

testVectors([
  'smt/HasHeaderKey',
  'smt/InsertField',
  'smt/RecordIsTombstone',
  'smt/RegexRouter',
  'smt/ReplaceField',
  'smt/TimestampRouter',
  'smt/TopicNameMatches',
  'smt/TransformationChain',
])
