import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { type Broker, startBroker } from '../../../runtime/broker/broker.ts'
import { adminContract } from './parts/admin-contract.ts'
import { consumerContract } from './parts/consumer-contract.ts'
import { failureContract } from './parts/failure-contract.ts'
import { groupMemberContract } from './parts/group-member-contract.ts'
import { producerContract } from './parts/producer-contract.ts'
import type { Target } from './parts/target.ts'
import { topicLogContract } from './parts/topic-log-contract.ts'
import { transactionContract } from './parts/transaction-contract.ts'

let broker: Broker
let dir: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-contract-'))
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  broker = await startBroker({ dataDir: dir, log })
})

afterAll(async () => {
  await broker?.close()
  await rm(dir, { recursive: true, force: true })
})

const target = (): Target => ({ bootstrap: broker.bootstrap, replicationFactor: 1 })

adminContract(target)
producerContract(target)
consumerContract(target)
groupMemberContract(target)
topicLogContract(target)
transactionContract(target)
failureContract(target, { durationMs: 2000 })
