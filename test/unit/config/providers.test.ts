import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { defineConfigProvider } from '../../../runtime/api/define.ts'
import { ConfigProviders } from '../../../runtime/config/providers.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-secrets-'))
  await mkdir(join(folder, 'allowed'))
  await writeFile(
    join(folder, 'allowed', 'db.properties'),
    'password=s3cret\nuser=me\nempty=\nnested=${env:HOME_OF_TEST}\n',
  )
  await writeFile(join(folder, 'outside.properties'), 'password=other\n')
  process.env['HOME_OF_TEST'] = 'from the environment'
})
afterEach(async () => {
  delete process.env['HOME_OF_TEST']
  await rm(folder, { recursive: true, force: true })
})

const kafka = 'org.apache.kafka.common.config.provider'
const none = async () => undefined
const providers = (more: Record<string, string> = {}) =>
  ConfigProviders.create(
    {
      'config.providers': 'file, dir,env',
      'config.providers.file.class': `${kafka}.FileConfigProvider`,
      'config.providers.dir.class': `${kafka}.DirectoryConfigProvider`,
      'config.providers.env.class': `${kafka}.EnvVarConfigProvider`,
      ...more,
    },
    none,
  )

test('puts values in, in one pass, and says which texts are secrets now', async () => {
  const file = join(folder, 'allowed', 'db.properties')
  const { props, secrets } = await (await providers()).resolve({
    url: `pg://\${file:${file}:user}:\${file:${file}:password}@h`,
    nested: `\${file:${file}:nested}`,
    plain: 'as it is',
    nothing: null,
  })
  expect(props).toEqual({
    url: 'pg://me:s3cret@h',
    nested: '${env:HOME_OF_TEST}',
    plain: 'as it is',
    nothing: null,
  })
  expect([...secrets].sort()).toEqual(['${env:HOME_OF_TEST}', 'me', 's3cret'])
})

test('a directory gives whole files, the environment variables', async () => {
  const { props } = await (await providers()).resolve({
    a: `\${dir:${folder}:outside.properties}`,
    b: '${env:HOME_OF_TEST}',
    c: '${env::HOME_OF_TEST}',
  })
  expect(props).toEqual({ a: 'password=other\n', b: 'from the environment', c: 'from the environment' })
})

test('what cannot be found stays as it is', async () => {
  const props = {
    unknown: '${vault:x:y}',
    key: `\${file:${join(folder, 'outside.properties')}:nokey}`,
    folder: `\${dir:${join(folder, 'none')}:x}`,
    broken: '${file:',
  }
  expect((await (await providers()).resolve(props)).props).toEqual(props)
})

test('allowed.paths keeps a provider inside, dots and all', async () => {
  const limited = await providers({
    'config.providers.file.param.allowed.paths': join(folder, 'allowed'),
    'config.providers.dir.param.allowed.paths': join(folder, 'allowed'),
    'config.providers.env.param.allowlist.pattern': 'SAFE_.*',
  })
  const inside = `\${file:${join(folder, 'allowed', 'db.properties')}:user}`
  const props = {
    outside: `\${file:${join(folder, 'outside.properties')}:password}`,
    dots: `\${file:${join(folder, 'allowed')}/../outside.properties:password}`,
    beside: `\${file:${join(folder, 'allowed')}-not/x:password}`,
    climbing: `\${dir:${join(folder, 'allowed')}:../outside.properties}`,
    variable: '${env:HOME_OF_TEST}',
  }
  expect((await limited.resolve({ ...props, inside })).props).toEqual({ ...props, inside: 'me' })
})

test('a file that cannot be read is an error, and so is a path for a variable', async () => {
  await expect((await providers()).resolve({ a: `\${file:${join(folder, 'none')}:k}` })).rejects.toThrow(
    `Could not read properties from file ${join(folder, 'none')}`,
  )
  await expect((await providers()).resolve({ a: '${env:path:k}' })).rejects.toThrow('Path is not supported')
})

test('the shortest time that a provider gives for a value counts; a negative one says nothing', async () => {
  const own = defineConfigProvider({
    class: 'com.example.Lease',
    version: '1.0.0',
    doc: 'd',
    config: {},
    create: () => ({
      get: async (path, keys) => ({ data: Object.fromEntries(keys.map(key => [key, 'v'])), ttlMs: Number(path) }),
    }),
  })
  const made = await ConfigProviders.create(
    { 'config.providers': 'x', 'config.providers.x.class': 'com.example.Lease' },
    async () => own,
  )
  expect(await made.resolve({ a: '${x:900:k}', b: '${x:800:k}', c: '${x:-1:k}' })).toEqual({
    props: { a: 'v', b: 'v', c: 'v' },
    secrets: ['v'],
    ttlMs: 800,
  })
  expect(await made.resolve({ a: '${x:-1:k}' })).not.toHaveProperty('ttlMs')
})

test('a provider of a plugin; one that is not there, or has no class', async () => {
  const own = defineConfigProvider({
    class: 'com.example.Shout',
    version: '1.0.0',
    doc: 'd',
    config: {},
    create: () => ({
      get: async (_path, keys) => ({ data: Object.fromEntries(keys.map(key => [key, key.toUpperCase()])) }),
    }),
  })
  const made = await ConfigProviders.create(
    { 'config.providers': 'x', 'config.providers.x.class': 'com.example.Shout' },
    async name => (name === 'com.example.Shout' ? own : undefined),
  )
  expect((await made.resolve({ a: '${x:hello}' })).props).toEqual({ a: 'HELLO' })
  await expect(ConfigProviders.create({ 'config.providers': 'x' }, none)).rejects.toThrow('"config.providers.x.class"')
  await expect(
    ConfigProviders.create({ 'config.providers': 'x', 'config.providers.x.class': 'Nope' }, none),
  ).rejects.toThrow('Class Nope could not be found.')
})
