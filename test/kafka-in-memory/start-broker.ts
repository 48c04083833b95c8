import type { TestProject } from 'vitest/node'
import { MemoryKafka } from './memory-kafka.ts'

/** One broker in memory for all tests of a project, as `test/servers/start-servers.ts` starts a real one. */
export default async function startBroker(project: TestProject): Promise<() => Promise<void>> {
  const kafka = await MemoryKafka.start()
  project.provide('kafkaBrokers', kafka.brokers)
  return () => kafka.stop()
}
