import { KafkaProtocolError, throwOnError } from '../../protocol/error-codes.ts'
import { describeConfigs } from '../../protocol/messages/describe-configs.ts'
import { incrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Admin } from '../ports.ts'
import type { Retrying } from './retrying.ts'

const TOPIC = 2
const SET = 0
const DELETE = 1

/** Settings of topics. */
export function configAdmin(cluster: Cluster, retrying: Retrying): Pick<Admin, 'topicConfigs' | 'alterTopicConfigs'> {
  return {
    topicConfigs: topic =>
      retrying(async () => {
        const connection = await cluster.any()
        const response = await connection.request(describeConfigs, {
          resources: [{ resourceType: TOPIC, resourceName: topic, configurationKeys: null }],
        })
        const [result] = response.results
        if (result === undefined) {
          throw new KafkaProtocolError('UNKNOWN_TOPIC_OR_PARTITION', { api: describeConfigs.name, topic })
        }
        throwOnError(result.errorCode, { api: describeConfigs.name, topic, detail: result.errorMessage })
        return new Map(result.configs.map(({ name, value }) => [name, value]))
      }),

    alterTopicConfigs: (topic, configs) =>
      retrying(async () => {
        const connection = await cluster.any()
        const response = await connection.request(incrementalAlterConfigs, {
          resources: [
            {
              resourceType: TOPIC,
              resourceName: topic,
              configs: Object.entries(configs).map(([name, value]) => ({
                name,
                configOperation: value === null ? DELETE : SET,
                value,
              })),
            },
          ],
        })
        for (const { errorCode, errorMessage } of response.responses) {
          throwOnError(errorCode, { api: incrementalAlterConfigs.name, topic, detail: errorMessage })
        }
      }),
  }
}
