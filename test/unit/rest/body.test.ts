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
