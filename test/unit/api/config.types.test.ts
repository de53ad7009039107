import { expectTypeOf, test } from 'vitest'
import { type ConfigOf, c, defineSink, type Secret } from '../../../runtime/api/index.ts'

test('a declaration gives the static type of the parsed config', () => {
  const sink = defineSink({
    class: 'a.B',
    version: '1',
    doc: 'x',
    config: {
      'redis.hosts': c.list('Servers.', { default: ['localhost:6379'], importance: 'HIGH' }),
      'redis.password': c.password('Password.', { optional: true }),
      'batch-size': c.int('Size.', { default: 5, min: 1 }),
      mode: c.string('Mode.', { values: ['fast', 'slow'], default: 'fast' }),
      name: c.string('Name.'),
      maybe: c.string('Maybe.', { optional: true }),
      enabled: c.boolean('Enabled.'),
    },
    open(config) {
      expectTypeOf(config.redisHosts).toEqualTypeOf<readonly string[]>()
      expectTypeOf(config.redisPassword).toEqualTypeOf<Secret | undefined>()
      expectTypeOf(config.batchSize).toEqualTypeOf<number>()
      expectTypeOf(config.mode).toEqualTypeOf<'fast' | 'slow'>()
      expectTypeOf(config.name).toEqualTypeOf<string>()
      expectTypeOf(config.maybe).toEqualTypeOf<string | undefined>()
      expectTypeOf(config.enabled).toEqualTypeOf<boolean>()
      return { write() {} }
    },
  })
  expectTypeOf<ConfigOf<typeof sink.config>['batchSize']>().toEqualTypeOf<number>()
})
