import { expect, test } from 'vitest'
import { avroProblems } from '../../../../runtime/converters/avro/compatibility.ts'
import { parseAvro } from '../../../../runtime/converters/avro/parse.ts'

const record = (...fields: readonly object[]) => ({ type: 'record', name: 'R', fields })
const a = { name: 'a', type: 'int' }
const symbols = (...names: string[]) => ({ type: 'enum', name: 'E', symbols: names })

/** Reader, writer, and what stands in the way. */
test.each<[unknown, unknown, string[]]>([
  ['int', 'int', []],
  ['long', 'int', []],
  ['double', 'float', []],
  ['int', 'long', ['/: int cannot read long']],
  ['string', 'bytes', []],
  ['string', 'int', ['/: string cannot read int']],
  [['null', 'int'], 'int', []],
  ['int', ['null', 'int'], ['/: int cannot read null']],
  [['int', 'string'], ['string', 'int'], []],
  [['int', 'string'], ['string', 'boolean'], ['/: no branch of the union can read boolean']],
  [{ type: 'array', items: 'long' }, { type: 'array', items: 'int' }, []],
  [{ type: 'array', items: 'int' }, { type: 'array', items: 'string' }, ['/items: int cannot read string']],
  [{ type: 'map', values: 'int' }, { type: 'map', values: 'string' }, ['/values: int cannot read string']],
  [symbols('A', 'B'), symbols('A'), []],
  [symbols('A'), symbols('A', 'B'), ['/: the symbols B are gone']],
  [{ ...symbols('A'), default: 'A' }, symbols('A', 'B'), []],
  [{ type: 'fixed', name: 'F', size: 2 }, { type: 'fixed', name: 'F', size: 3 }, ['/: the size is 2, it was 3']],
  [record(a), record(a, { name: 'b', type: 'int' }), []],
  [record(a, { name: 'b', type: 'int', default: 1 }), record(a), []],
  [record(a, { name: 'b', type: 'int' }), record(a), ['/fields/1: the field b is new and has no default']],
  [record({ name: 'b', type: 'int', aliases: ['a'] }), record(a), []],
  [record({ name: 'a', type: 'string' }), record(a), ['/fields/0/type: string cannot read int']],
  [{ ...record(a), name: 'S' }, record(a), ['/: the name is S, it was R']],
  [{ ...record(a), name: 'S', aliases: ['R'] }, record(a), []],
  [record({ name: 'r', type: ['null', 'R'] }), record({ name: 'r', type: ['null', 'R'] }), []],
])('%j reads %j', (reader, writer, problems) => {
  expect(avroProblems(parseAvro(JSON.stringify(reader)), parseAvro(JSON.stringify(writer)))).toEqual(problems)
})
