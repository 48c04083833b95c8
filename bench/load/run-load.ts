import { fork } from 'node:child_process'
import { join } from 'node:path'
import type { LoadOptions, LoadResult } from './post-open-loop.ts'

/** Offers load from another process. */
export function runLoad(options: LoadOptions): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'load-process.ts'), { serialization: 'advanced' })
    child.once('message', (result) => resolve(result as LoadResult))
    child.once('exit', (code) => reject(new Error(`the load process ended with ${code}`)))
    child.send(options)
  })
}
