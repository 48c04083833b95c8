import type { BrokenSystem, Fault } from './fault.ts'

/** `kill -9` of a process of the gateway, which is started again when the fault ends. */
export const killsProcess: Pick<Fault, 'inject' | 'heal'> = {
  async inject({ gateway }: BrokenSystem, target: string): Promise<void> {
    await gateway.process(target).kill()
  },
  async heal({ gateway }: BrokenSystem, target: string): Promise<void> {
    gateway.process(target).start()
  },
}
