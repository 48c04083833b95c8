import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { smsIdTimeMs } from '../../../src/domain/sms-id.ts'
import { freePort } from '../../../src/embedded/free-port.ts'
import type { Progress } from '../../../src/embedded/progress.ts'
import { SupervisedProcess } from '../../../src/process/supervisor/supervised-process.ts'
import { isTaken } from '../../../src/simulator/behaviour.ts'
import { readLedger } from '../../../src/simulator/submission-ledger.ts'
import { type BenchGateway, startBenchGateway } from '../bench-gateway.ts'
import { OPERATORS, type Operator, type Share, type Submit } from './judge-outage.ts'

export interface OutageOptions {
  /** Where ledgers and logs are kept; the caller removes it. */
  readonly folder: string
  readonly customers: number
  /** Of each sixth of the load: 100 or 1,000. Offer load to six times as many. */
  readonly phonesOfShare: 100 | 1_000
  /** Settings of the gateway. */
  readonly env?: NodeJS.ProcessEnv
  readonly progress?: Progress
}

/** By the digit before the last two or three of a number: a third of the load for each operator. */
const SHARES: readonly Share[] = ['failover', 'waiting', 'b', 'b', 'c', 'c']
/** Numbers of the load: it pads them with zeros. */
const NUMBER_DIGITS = 7

/**
 * A gateway with three operators, each an SMSC in a process of its own with its own ledger. Of the messages for `a` one
 * half may go by `b` instead, and the other half by no other. `a` can be killed, and come back where it was.
 */
export class OutageGateway {
  readonly bench: BenchGateway
  readonly #options: OutageOptions
  readonly #smscs: Map<Operator, SupervisedProcess>
  readonly #ports: ReadonlyMap<Operator, number>

  private constructor(
    bench: BenchGateway,
    options: OutageOptions,
    smscs: Map<Operator, SupervisedProcess>,
    ports: ReadonlyMap<Operator, number>,
  ) {
    this.bench = bench
    this.#options = options
    this.#smscs = smscs
    this.#ports = ports
  }

  static async start(options: OutageOptions): Promise<OutageGateway> {
    const { folder, customers, phonesOfShare, env, progress } = options
    const ports = new Map<Operator, number>()
    for (const name of OPERATORS) ports.set(name, await freePort())
    const smscs = new Map(OPERATORS.map((name) => [name, smscOf(options, name, ports.get(name)!)]))
    const operatorsFile = join(folder, 'operators.yaml')
    writeFileSync(operatorsFile, operatorsOf(ports, phonesOfShare))
    try {
      await Promise.all([...smscs.values()].map((smsc) => smsc.start()))
      const bench = await startBenchGateway({
        brokers: 1,
        customers,
        webhooks: { customers: 0, url: '' },
        env: { OPERATORS_FILE: operatorsFile, ...env },
        ...(progress ? { progress } : {}),
      })
      return new OutageGateway(bench, options, smscs, ports)
    } catch (error) {
      await Promise.all([...smscs.values()].map((smsc) => smsc.stop()))
      throw error
    }
  }

  /** How many numbers load is to be offered to. */
  get phones(): number {
    return SHARES.length * this.#options.phonesOfShare
  }

  /** Where messages to a number may go. */
  readonly shareOf = (phone: string): Share =>
    SHARES[Math.floor(Number(phone.slice(-NUMBER_DIGITS)) / this.#options.phonesOfShare)]!

  /** Ends an SMSC as a crash does. Resolves when it is gone. */
  async kill(name: Operator): Promise<void> {
    const smsc = this.#smscs.get(name)!
    process.kill(smsc.pid!, 'SIGKILL')
    // In the same turn of the event loop, so that it is not started again.
    await smsc.stop()
  }

  /** Starts a killed SMSC again, at the same port and with the same ledger. Resolves when it takes connections. */
  async revive(name: Operator): Promise<void> {
    const smsc = smscOf(this.#options, name, this.#ports.get(name)!)
    this.#smscs.set(name, smsc)
    await smsc.start()
  }

  /** What all SMSCs were sent so far, of each in the order in which it came. */
  async submits(): Promise<Submit[]> {
    const submits: Submit[] = []
    for (const operator of OPERATORS) {
      for await (const entry of readLedger(ledgerOf(this.#options.folder, operator))) {
        if (entry.kind !== 'submit') continue
        const smsId = Number(entry.ref!.split('.')[0])
        submits.push({
          smsId,
          phone: entry.to,
          share: this.shareOf(entry.to),
          operator,
          acceptedMs: smsIdTimeMs(smsId),
          arrivedMs: Date.parse(entry.arrived),
          isTaken: isTaken(entry.result),
        })
      }
    }
    return submits
  }

  /** Stops the gateway, then its operators. */
  async stop(): Promise<void> {
    await this.bench.stop()
    await Promise.all([...this.#smscs.values()].map((smsc) => smsc.stop()))
  }
}

function smscOf({ folder, progress }: OutageOptions, name: Operator, port: number): SupervisedProcess {
  return new SupervisedProcess({
    name: `smsc-${name}`,
    args: ['smsc'],
    env: {
      ...process.env,
      SIMULATOR_PORT: String(port),
      SIMULATOR_LATENCY_MS: '5',
      SIMULATOR_LEDGER: ledgerOf(folder, name),
    },
    logFile: join(folder, 'logs', `smsc-${name}.log`),
    notify: (what) => progress?.(`smsc-${name}`, what),
  })
}

function ledgerOf(folder: string, name: Operator): string {
  return join(folder, `ledger-${name}.ndjson`)
}

/** `hold`: what an operator may have is never sent by another, so that each submit too many is a fault. */
function operatorsOf(ports: ReadonlyMap<Operator, number>, phonesOfShare: number): string {
  const operators = [...ports].map(
    ([name, port]) =>
      `  ${name}: {connector: smpp, smpp: {address: "127.0.0.1:${port}", system_id: bench, reference_tlv: 0x1501}, window: 500, response_timeout_ms: 10000, on_ambiguous: hold}`,
  )
  const digits = NUMBER_DIGITS + 1 - String(phonesOfShare).length
  const routes = SHARES.map((share, index) => {
    const prefix = `98912${String(index).padStart(digits, '0')}`
    const way = { failover: 'operator: a, failover: [b]', waiting: 'operator: a', b: 'operator: b', c: 'operator: c' }
    return `  - {prefix: "${prefix}", ${way[share]}, price: 100}`
  })
  return `operators:\n${operators.join('\n')}\nroutes:\n${routes.join('\n')}\n`
}
