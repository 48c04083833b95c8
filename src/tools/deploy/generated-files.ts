import type { DeclaredTopic } from '../../topics/topics-file.ts'
import { serverProperties } from './server-properties.ts'
import { strimziCluster, strimziTopics, strimziUsers } from './strimzi-resources.ts'

/** The files of `deploy/` that are written by code, with their contents. */
export function generatedFiles(topics: readonly DeclaredTopic[]): ReadonlyMap<string, string> {
  return new Map([
    ['deploy/kafka/server.properties', serverProperties()],
    ['deploy/strimzi/kafka.yaml', strimziCluster(topics)],
    ['deploy/strimzi/topics.yaml', strimziTopics(topics)],
    ['deploy/strimzi/users.yaml', strimziUsers()],
  ])
}
