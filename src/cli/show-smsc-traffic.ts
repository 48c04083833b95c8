import type { Simulator } from '../simulator/simulator.ts'

const SHOW_MS = 1_000

/** Keeps a line about the simulated SMSC on the terminal, a new one each second. Returns how to end that. */
export function showSmscTraffic(simulator: Pick<Simulator, 'counts'>, address: string): () => void {
  console.error(`The SMSC listens on ${address}. Ctrl-C ends it.`)
  let before = simulator.counts.submits
  const timer = setInterval(() => {
    const { submits, receiptsOutstanding, binds } = simulator.counts
    const numbers = [submits - before, receiptsOutstanding, binds, submits].map((each) => each.toLocaleString('en'))
    const [perSecond, outstanding, bound, all] = numbers
    before = submits
    process.stderr.write(
      `\r\x1b[K${perSecond} submits/s   ${all} in all   ${outstanding} receipts outstanding   ${bound} binds`,
    )
  }, SHOW_MS)
  return () => {
    clearInterval(timer)
    process.stderr.write('\n')
  }
}
