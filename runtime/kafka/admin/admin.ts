import type { Cluster } from '../cluster/cluster.ts'
import type { Admin } from '../ports.ts'
import { configAdmin } from './configs.ts'
import { groupAdmin } from './groups.ts'
import { recordAdmin } from './records.ts'
import { adminRetrying } from './retrying.ts'
import { topicAdmin } from './topics.ts'
import { transactionAdmin } from './transactions.ts'

/** Every call tries again on what passes, for `default.api.timeout.ms`; `close` closes the cluster's connections. */
export function createAdmin(cluster: Cluster): Admin {
  const retrying = adminRetrying(cluster)
  return {
    ...topicAdmin(cluster, retrying),
    ...configAdmin(cluster, retrying),
    ...recordAdmin(cluster, retrying),
    ...groupAdmin(cluster, retrying),
    ...transactionAdmin(cluster),
    close: () => cluster.close(),
  }
}
