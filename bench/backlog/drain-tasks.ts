import { countFinal } from '../measure/count-statuses.ts'
import { gatewayParts } from '../measure/gateway-parts.ts'
import { watchProgress } from '../measure/progress-watch.ts'
import { cpuMsPerMessage, UsageWatch } from '../measure/usage-watch.ts'
import { type Backbone, startRole, startSimulator } from '../run/start-roles.ts'
import type { Workbench } from '../run/workbench.ts'
import type { Drained } from './drained.ts'

/** Counting a million rows takes PostgreSQL some tenths of a second. */
const SAMPLE_MS = 5_000
const MS_MAX = 1_200_000

/** Starts worker and status on tasks that wait, and waits until each message has its final status. */
export async function drainTasks(workbench: Workbench, backbone: Backbone, tasks: number): Promise<Drained> {
  await startSimulator(workbench, backbone)
  const watch = new UsageWatch(() => gatewayParts(backbone))
  const startMs = Date.now()
  await Promise.all([startRole(workbench, backbone, 'worker'), startRole(workbench, backbone, 'status')])
  watch.start()
  const { samples, finished } = await watchProgress({
    read: () => countFinal(backbone.pool),
    enough: () => tasks,
    everyMs: SAMPLE_MS,
    msMax: MS_MAX,
    notify: (final) => workbench.progress(`${final} of ${tasks} messages have their final status`),
  })
  const usage = watch.stop()
  const drained = samples.at(-1)!.done
  const elapsedMs = (await lastFinalMs(backbone)) - startMs
  return {
    name: 'tasks',
    title: `${tasks} tasks in sms.delivery`,
    waited: tasks,
    drained,
    finished,
    seconds: elapsedMs / 1_000,
    perSecond: (drained * 1_000) / elapsedMs,
    startMs,
    samples,
    memory: watch.samples,
    memoryOf: ['worker', 'status', 'simulator', 'postgres', 'kafka'],
    usage,
    cpuMsPerMessage: cpuMsPerMessage(usage, drained),
  }
}

/** When the last status was written, which lies between two looks. */
async function lastFinalMs({ pool }: Backbone): Promise<number> {
  const { rows } = await pool.query<{ last: Date }>('SELECT max(updated_at) AS last FROM message_states')
  return rows[0]!.last.getTime()
}
