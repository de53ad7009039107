import { expect, test } from 'vitest'
import { Notifier } from '../../../../../connectors/postgres/notifications/notifier.ts'
import { SnapshotNews } from '../../../../../connectors/postgres/notifications/snapshot-news.ts'
import { config, readSettings } from '../../../../../connectors/postgres/settings/settings.ts'
import { parseConfig } from '../../../../../runtime/config/parse.ts'
import { recordingLog } from '../../../../support/fakes/log.ts'

const given = {
  'database.hostname': 'h',
  'database.user': 'u',
  'database.password': 'p',
  'database.dbname': 'd',
  'topic.prefix': 'shop',
}
const told = (props: Readonly<Record<string, string>>) => {
  const all = { ...given, ...props }
  const { settings } = readSettings(parseConfig(config, all).config as never, all)
  const log = recordingLog()
  const news = new SnapshotNews(new Notifier(settings!, log, { server: 'shop' }), ['public.a', 'public.b'])
  return { news, log }
}

test('records carry what is known, in a fixed order, and the position that is stored with them', () => {
  const { news, log } = told({ 'notification.enabled.channels': 'sink', 'notification.sink.topic.name': 'news' })
  const [record] = news.tableDone('public.a', 3, { lsn: 7 })
  expect(record).toMatchObject({
    topic: 'news',
    sourcePartition: { server: 'shop' },
    sourceOffset: { lsn: 7 },
    value: { type: 'TABLE_SCAN_COMPLETED', aggregate_type: 'Initial Snapshot' },
  })
  const { id, additional_data } = record!.value as { id: string; additional_data: Map<string, string> }
  expect(record!.key).toEqual({ id })
  expect([...additional_data]).toEqual([
    ['scanned_collection', 'public.a'],
    ['connector_name', 'shop'],
    ['total_rows_scanned', '3'],
    ['data_collections', 'public.a,public.b'],
    ['status', 'SUCCEEDED'],
  ])
  expect(
    news
      .started({})
      .concat(news.completed({}))
      .map(({ value }) => (value as { type: string }).type),
  ).toEqual(['STARTED', 'COMPLETED'])
  expect(log.lines).toEqual([])
})

test('without a topic nothing is sent; the log tells where it is a channel', () => {
  const { news, log } = told({ 'notification.enabled.channels': 'log' })
  expect(news.table('public.b', ['public.a', 'public.b'], {})).toEqual([])
  expect(log.lines.map(({ message }) => message)).toEqual(['Notification: Initial Snapshot IN_PROGRESS'])
  const silent = told({})
  expect(silent.news.started({})).toEqual([])
  expect(silent.log.lines).toEqual([])
})
