import { SeededRandom } from '../../gateway/seeded-random.ts'
import type { BrokenSystem, Fault } from './fault.ts'

const ROUNDS = 6
const ROUND_MS = 700

/** F20: processes are killed one after another and started again at once, so that faults of all roles overlap. */
export const restartStorm: Fault = {
  code: 'F20',
  name: 'restart-storm',
  promises: 'all of A1 to A9',
  targets: ['1', '2', '3', '4', '5', '6', '7', '8'],
  holdMs: { quick: [0, 0], full: [0, 0] },
  async inject({ gateway }: BrokenSystem, target: string): Promise<void> {
    const random = new SeededRandom(Number(target))
    const roles = gateway.processes.filter(({ name }) => name !== 'simulator')
    for (let round = 0; round < ROUNDS; round++) {
      const victim = random.pick(roles)
      await victim.kill()
      victim.start()
      await new Promise((resolve) => setTimeout(resolve, ROUND_MS))
    }
  },
  async heal(): Promise<void> {},
}
