import { apiVersions } from '../../protocol/messages/api-versions.ts'
import type { Dispatcher } from '../dispatch.ts'
import { type BrokerParts, type Served, serve } from '../serve.ts'
import { serveConfigs } from './configs.ts'
import { serveFetch } from './fetch.ts'
import { serveGroupAdmin } from './group-admin.ts'
import { serveGroupMembership } from './group-membership.ts'
import { serveGroupOffsets } from './group-offsets.ts'
import { serveListOffsets } from './list-offsets.ts'
import { serveMetadata } from './metadata.ts'
import { serveOffsetForLeaderEpoch } from './offset-for-leader-epoch.ts'
import { serveProduce } from './produce.ts'
import { serveTopicAdmin } from './topic-admin.ts'
import { serveTransactions } from './transactions.ts'
import { serveTxnOffsetCommit } from './txn-offset-commit.ts'

/**
 * Every API the broker serves, and nothing it does not: clients learn from ApiVersions what they may ask. Not served yet:
 * the newer consumer and share group protocols, SASL.
 */
export const servedApis = (parts: BrokerParts, dispatcher: () => Dispatcher): Served[] => [
  serve(apiVersions, [0, 4], () => ({ errorCode: 0, apiKeys: dispatcher().advertised() })),
  serveProduce(parts),
  serveFetch(parts),
  serveListOffsets(parts),
  serveOffsetForLeaderEpoch(parts),
  ...serveMetadata(parts),
  ...serveTopicAdmin(parts),
  ...serveConfigs(parts),
  ...serveGroupMembership(parts),
  ...serveGroupOffsets(parts),
  ...serveGroupAdmin(parts),
  ...serveTransactions(parts),
  serveTxnOffsetCommit(parts),
]
