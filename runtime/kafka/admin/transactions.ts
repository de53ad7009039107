import type { Cluster } from '../cluster/cluster.ts'
import { Coordinator, TRANSACTION } from '../cluster/coordinator.ts'
import { initTransactionalId } from '../cluster/transactional-id.ts'
import type { Admin } from '../ports.ts'

/** Of producers that are never asked to write: how long a transaction of theirs might take. */
const FENCE_TIMEOUT_MS = 60_000

export const transactionAdmin = (cluster: Cluster): Pick<Admin, 'fenceProducers'> => ({
  async fenceProducers(transactionalIds) {
    await Promise.all(
      transactionalIds.map(id =>
        initTransactionalId(cluster, new Coordinator(cluster, id, 'main', TRANSACTION), FENCE_TIMEOUT_MS),
      ),
    )
  },
})
