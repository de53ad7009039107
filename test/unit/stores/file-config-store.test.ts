import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { fileConfigStore } from '../../../runtime/stores/file-config-store.ts'
import { LineLog } from '../../../runtime/stores/line-log.ts'

test('a change that could not be written did not happen', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-configs-'))
  const store = fileConfigStore(join(folder, 'configs'))
  await store.start()
  try {
    await store.putConnector('old', { v: '1' })
    const full = vi.spyOn(LineLog.prototype, 'write').mockRejectedValue(new Error('disk full'))
    await expect(store.putConnector('old', { v: '2' })).rejects.toThrow('disk full')
    await expect(store.putConnector('new', {})).rejects.toThrow('disk full')
    await expect(store.removeConnector('old')).rejects.toThrow('disk full')
    full.mockRestore()
    expect(store.connectors()).toEqual(['old'])
    expect(store.get('old')?.props).toEqual({ v: '1' })
  } finally {
    await store.stop()
    await rm(folder, { recursive: true })
  }
})
