import type { PluginContext, SourceRecord } from 'millrace'
import { ConnectError } from 'millrace'
import { currentLsn } from './capture/current-lsn.ts'
import { Sessions } from './capture/sessions.ts'
import { Snapshot } from './capture/snapshot.ts'
import { TableBuilder } from './capture/table-builder.ts'
import { explain } from './failures.ts'
import { contextHeaders } from './records/context-headers.ts'
import { SourceHead } from './records/source-block.ts'
import type { Settings } from './settings/settings.ts'

/** Rows as a snapshot would read them, some of each table, in a transaction that only reads: no slot, no publication. */
export async function* sampleRows(
  settings: Settings,
  ctx: PluginContext & { readonly signal: AbortSignal },
  count: number,
): AsyncGenerator<readonly SourceRecord[]> {
  const sessions = new Sessions(settings)
  const end = () => sessions.end()
  ctx.signal.addEventListener('abort', end, { once: true })
  try {
    const connection = await sessions.query()
    const point = { lsn: await currentLsn(connection), txId: 0, tsMicros: Date.now() * 1000 }
    const head = new SourceHead(settings.prefix, settings.connect.database)
    const snapshot = new Snapshot(
      {
        settings,
        builder: new TableBuilder(settings, head),
        partition: Object.freeze({ server: settings.prefix }),
        headers: contextHeaders(settings, 0),
        log: ctx.log,
        progress: () => {},
        rowsPerTable: count,
      },
      connection,
      point,
    )
    await snapshot.begin(undefined)
    yield* snapshot.read()
  } catch (cause) {
    throw new ConnectError(explain(cause, settings), { cause })
  } finally {
    ctx.signal.removeEventListener('abort', end)
    sessions.closeAll()
  }
}
