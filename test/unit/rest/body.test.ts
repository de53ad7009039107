import { afterEach, expect, test } from 'vitest'
import { restServers } from '../../support/fakes/rest-server.ts'

const { start, stop } = restServers()
afterEach(stop)

const post = async (body: Buffer) => {
  const names: string[] = []
  const { url } = await start({
    create: async (name, config) => {
      names.push(name)
      return { name, config, tasks: [], type: 'sink' }
    },
  })
  const headers = { 'content-type': 'application/json; charset=ISO-8859-1' }
  const answer = await fetch(`${url}/connectors`, { method: 'POST', headers, body: new Uint8Array(body) })
  return { status: answer.status, body: (await answer.json()) as unknown, names }
}

test.each([
  ['in ISO-8859-1', Buffer.from('{"name":"ä+b","config":{}}', 'latin1'), 'byte 0xe4 at offset 9'],
  ['cut within a letter', Buffer.from('{"name":"ä').subarray(0, -1), 'byte 0xc3 at offset 9'],
  ['with half a pair', Buffer.from('ED A0 80'.replaceAll(' ', ''), 'hex'), 'byte 0xed at offset 0'],
  ['bad behind a real U+FFFD', Buffer.concat([Buffer.from('\ufffd'), Buffer.from([0xff])]), 'byte 0xff at offset 3'],
])('a body %s is refused, not mended', async (_, body, place) => {
  expect(await post(body)).toMatchObject({
    status: 500,
    body: { error_code: 500, message: `Invalid UTF-8: ${place} of the body`, hint: expect.stringContaining('UTF-8') },
    names: [],
  })
})

test('UTF-8 is taken, with a byte order mark as without', async () => {
  const text = '{"name":"ä \ufeff \ufffd €","config":{}}'
  for (const mark of ['', '\ufeff'])
    expect(await post(Buffer.from(mark + text))).toMatchObject({ status: 201, names: ['ä \ufeff \ufffd €'] })
})

const refusedWith = async (body: string) => (await post(Buffer.from(body))).body

test.each([
  ['{"name":"n","connector.class":"X"}', 'Send {"name": "...", "config"'],
  ['["n"]', 'Send {"name": "...", "config"'],
  ['{"name":"n"}', 'Put the settings under config'],
  ['{"name":"n","config":[]}', 'Settings are one object'],
  ['{"name":"n","config":{"topic":{"a":1}}}', 'Write topic as a text'],
  ['{"name":"n","config":{"name":"n","config":{}}}', 'Send the settings alone'],
  ['{"name":"n","config":{},"initial_state":"started"}', 'initial_state is one of RUNNING, PAUSED, STOPPED'],
  ['{"name":"n",}', 'behind the last member there is no comma'],
])('%s is told what to send instead', async (body, hint) => {
  expect(await refusedWith(body)).toMatchObject({ code: 'MALFORMED_BODY', hint: expect.stringContaining(hint) })
})

test.each([
  '{"name":"n","config":{"db.password": hunter2, "connector.class":"a long name of a class"}}',
  '{"p": hunter2}',
  '{"p": "a",\n "db.password": \'hunter2\'}',
])('what stands around the place in %s is not repeated', async body => {
  const refused = await refusedWith(body)
  expect(refused).toMatchObject({
    message: expect.stringMatching(/^The body is no JSON: Unexpected token '['h]'\n at/),
  })
  expect(JSON.stringify(refused)).not.toContain('unter')
})

test.each(['', '[]', '{"offset":[]}', '{"offsets":{}}', '{"offsets":[{"partition":1}]}'])(
  'offsets as %j are told their shape',
  async body => {
    const { url } = await start({})
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${url}/connectors/c/offsets`, { method: 'PATCH', headers, body })
    expect(await answer.json()).toMatchObject({
      code: 'MALFORMED_BODY',
      hint: expect.stringContaining('{"offsets": ['),
    })
  },
)
