import { join } from 'node:path'
import type { LoadOptions, LoadResult } from '../../test/gateway/load/post-open-loop.ts'
import { type ForkedTask, forkTask } from '../clients/forked-task.ts'

/** Offers load from a process of its own, so that its work is not counted as the gateway's. */
export function startLoad(options: LoadOptions): ForkedTask<LoadResult> {
  return forkTask<LoadResult>(join(import.meta.dirname, 'load-process.ts'), options)
}

/** Offers load to its end. */
export function runLoad(options: LoadOptions): Promise<LoadResult> {
  return startLoad(options).result
}
