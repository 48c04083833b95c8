import { setPriority } from 'node:os'
import { type LoadOptions, postOpenLoop } from './post-open-loop.ts'

// A process of its own, so that its work is not counted as the gateway's: told what to do, it tells what came of it.
try {
  // Its clock is what latencies are measured by: it must not wait behind what it measures. Only root may ask for that.
  setPriority(-10)
} catch {
  console.error('the load runs at the same priority as the gateway, so latencies include its own delays')
}

process.once('message', async (options: LoadOptions) => {
  const result = await postOpenLoop(options)
  process.send!(result, () => process.exit(0))
})
