import type { Settings } from '../settings/settings.ts'
import { identifier, type PgConnection } from '../wire/pg-connection.ts'
import type { ListedTable } from './catalog.ts'
import { failing, fullName, some } from './failing-tables.ts'
import { publishable } from './publication.ts'
import { unpublished } from './publication-problems.ts'

/** What streams, and will not do what the user expects of it; each with what helps. */
export const captureAdvice = async (
  connection: PgConnection,
  settings: Settings,
  captured: readonly ListedTable[],
): Promise<readonly string[]> => {
  const advice: string[] = []
  const { tableIncludeList, publicationName } = settings.config
  const known = new Set(captured.map(({ schema, name }) => `${schema}.${name}`.toLowerCase()))
  // A plain name, not a pattern that may match what is made later.
  const named = (tableIncludeList ?? []).map(item => item.trim().replaceAll('\\.', '.'))
  const absent = named.filter(name => /^\w+\.\w+$/.test(name) && !known.has(name.toLowerCase()))
  if (absent.length > 0)
    advice.push(`table.include.list names ${some(absent)}, which does not exist (yet): create it, or correct the name`)
  const tables = publishable(captured, settings)
  const left = new Set(await unpublished(connection, publicationName, tables))
  if (left.size > 0)
    advice.push(
      `Changes of ${some([...left])} are not in the publication ${publicationName} and will not come: ALTER PUBLICATION ${identifier(publicationName)} ADD TABLE ${some([...left])}`,
    )
  const published = tables.filter(table => !left.has(fullName(table)))
  const bare = await failing(connection, published, hasIdentity)
  if (bare.length > 0)
    advice.push(
      `Without a primary key or replica identity UPDATE and DELETE fail on ${some(bare)} once it is published: ALTER TABLE ${bare[0]} REPLICA IDENTITY FULL, or set replica.identity.autoset.values`,
    )
  return advice
}

const hasIdentity = `t.relkind = 'p' or t.relreplident = 'f' or exists (select from pg_index i where i.indrelid = t.oid
  and (case t.relreplident when 'd' then i.indisprimary when 'i' then i.indisreplident else false end))`
