import { join } from 'node:path'
import type { ConsumeOptions, ConsumeResult } from './consume-process.ts'
import { forkTask } from './forked-task.ts'
import type { ProduceOptions, ProduceResult } from './produce-process.ts'

/** As the gateway's own processes run. */
const NODE_OPTIONS = ['--max-semi-space-size=64']

/** Our producer at its fastest, in a process of its own. */
export function produce(options: ProduceOptions): Promise<ProduceResult> {
  return forkTask<ProduceResult>(join(import.meta.dirname, 'produce-process.ts'), options, NODE_OPTIONS).result
}

/** Our consumer at its fastest, in a process of its own. */
export function consume(options: ConsumeOptions): Promise<ConsumeResult> {
  return forkTask<ConsumeResult>(join(import.meta.dirname, 'consume-process.ts'), options, NODE_OPTIONS).result
}
