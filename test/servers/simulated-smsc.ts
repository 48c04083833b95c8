import { join } from 'node:path'
import pino from 'pino'
import { expect } from 'vitest'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { simulatorSettings } from '../../src/simulator/config.ts'
import { Simulator } from '../../src/simulator/simulator.ts'
import { type LedgerEntry, readLedger } from '../../src/simulator/submission-ledger.ts'
import { COMMAND_STATUS, type StatusName } from '../../src/smpp/command-status.ts'
import type { Pdu, PduOf } from '../../src/smpp/pdu.ts'
import type { Tlv } from '../../src/smpp/tlv.ts'
import { BareEsme } from './bare-esme.ts'

type BindArguments = Parameters<typeof BareEsme.bind> extends [number, ...infer How] ? How : never
type Submission = Extract<LedgerEntry, { kind: 'submit' }>

const PROMPT = { SIMULATOR_LATENCY_MS: '0', SIMULATOR_RECEIPT_DELAY_MS: '20' }

/** Simulators of a test file in this process, each with a ledger of its own, and bare peers of theirs. */
export class SimulatedSmscs {
  readonly #folder = temporaryFolder('smsgw-smsc')
  readonly #running: Simulator[] = []
  readonly #peers: BareEsme[] = []
  #ledgers = 0
  #ledgerPath = ''

  get folder(): string {
    return this.#folder.path
  }

  /** Of the simulator that was started last. */
  get ledgerPath(): string {
    return this.#ledgerPath
  }

  async start(env: NodeJS.ProcessEnv = {}): Promise<Simulator> {
    this.#ledgerPath = env.SIMULATOR_LEDGER ?? join(this.folder, `ledger-${++this.#ledgers}.ndjson`)
    const settings = readSettings(simulatorSettings, { ...PROMPT, SIMULATOR_LEDGER: this.#ledgerPath, ...env })
    const simulator = new Simulator(settings, pino({ level: 'silent' }))
    await simulator.start()
    this.#running.push(simulator)
    return simulator
  }

  async bind(simulator: Simulator, ...how: BindArguments): Promise<BareEsme> {
    return this.keep(await BareEsme.bind(simulator.port, ...how))
  }

  /** Opens a connection that is not bound. */
  async connect(simulator: Simulator, ca?: Buffer): Promise<BareEsme> {
    return this.keep(await BareEsme.open(simulator.port, ca))
  }

  keep(peer: BareEsme): BareEsme {
    this.#peers.push(peer)
    return peer
  }

  async ledger(): Promise<LedgerEntry[]> {
    const entries: LedgerEntry[] = []
    for await (const entry of readLedger(this.#ledgerPath)) entries.push(entry)
    return entries
  }

  async submits(): Promise<Submission[]> {
    return (await this.ledger()).filter((entry) => entry.kind === 'submit')
  }

  /** After each test. */
  async stop(): Promise<void> {
    for (const peer of this.#peers.splice(0)) peer.close()
    await Promise.all(this.#running.splice(0).map((simulator) => simulator.stop()))
  }

  async remove(): Promise<void> {
    await this.#folder.remove()
  }
}

/** The TLV that names message, attempt and part to the simulator. */
export function reference(text: string): Tlv {
  return { tag: 0x1501, value: Buffer.from(`${text}\0`) }
}

export function expectStatus(pdu: Pdu | undefined, name: StatusName): void {
  expect(pdu?.status).toBe(COMMAND_STATUS[name].code)
}

/** The id in the answer to a submit, which must be one that it was taken. */
export function idOf(pdu: Pdu | undefined): string {
  expect(pdu).toMatchObject({ command: 'submit_sm_resp', status: 0 })
  return (pdu as PduOf<'submit_sm_resp'>).messageId
}

export function textOf(receipt: PduOf<'deliver_sm'> | undefined): string {
  return receipt!.shortMessage.toString('latin1')
}

/** The receipts of a peer when it has so many. */
export async function receiptsOf(peer: BareEsme, count: number): Promise<PduOf<'deliver_sm'>[]> {
  await peer.until(() => peer.receipts.length >= count)
  return peer.receipts
}
