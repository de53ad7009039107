import { testVectors } from './vector-tests.ts'

testVectors(['config-types', 'config-defs'])
