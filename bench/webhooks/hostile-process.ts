import {
  BODIES,
  MISBEHAVIOURS,
  startRawReceiver,
  startUnresponsiveReceiver,
} from '../../test/gateway/peers/hostile-receivers.ts'

/** What the process sends its parent when all its receivers listen. */
export interface HostileReceivers {
  readonly receivers: readonly { readonly what: string; readonly url: string }[]
}

const unresponsive = await startUnresponsiveReceiver()
const receivers = [{ what: 'takes no connection', url: unresponsive.url }]
for (const [what, answer] of Object.entries({ ...MISBEHAVIOURS, ...BODIES })) {
  receivers.push({ what, url: (await startRawReceiver(answer)).url })
}
const stop = (): void => {
  unresponsive.stop()
  process.exit(0)
}
process.once('disconnect', stop)
process.once('SIGTERM', stop)
process.send!({ receivers } satisfies HostileReceivers)
