import { setPriority } from 'node:os'
import { postOpenLoop } from '../../test/gateway/load/post-open-loop.ts'
import { answerTask } from '../clients/forked-task.ts'

try {
  // Its clock is what latencies are measured by: it must not wait behind what it measures. Only root may ask for that.
  setPriority(-10)
} catch {
  console.error('the load runs at the same priority as the gateway, so latencies include its own delays')
}

answerTask(postOpenLoop)
