import { testVectors } from '../vector-tests.ts'

testVectors([
  'converters/JsonConverter.read',
  'converters/JsonConverter.write',
  'converters/StringConverter',
  'converters/HeaderConverters',
  'converters/primitives',
  'converters/SchemaProjector',
  'converters/Values.parseString',
  'converters/Values.parseString.random',
  'converters/Values.convert',
])
