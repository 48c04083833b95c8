import type { Values } from '../runtime/settings.ts'
import { COMMAND_STATUS } from '../smpp/command-status.ts'
import { createPdu, createResponse } from '../smpp/pdu.ts'
import { createTlv } from '../smpp/tlv.ts'
import { draw } from './behaviour.ts'
import type { simulatorSettings } from './config.ts'
import { DueQueue } from './due-queue.ts'
import type { Binding, BindPdu, Session } from './session.ts'

/** What it calls itself, and the version that it speaks, 3.4. */
const OWN_SYSTEM_ID = 'smsgw-smsc'
const INTERFACE_VERSION = 0x34

export interface BindDeskOptions {
  readonly settings: Values<typeof simulatorSettings>
  /** Sessions of a system_id that are bound. */
  readonly bindsOf: (systemId: string) => number
  readonly bound: (session: Session, binding: Binding) => void
}

/** Lets peers bind, or does not. */
export class BindDesk {
  readonly #options: BindDeskOptions
  readonly #due = new DueQueue<() => void>((due) => {
    for (const answer of due) answer()
  })
  #binds = 0

  constructor(options: BindDeskOptions) {
    this.#options = options
  }

  take(session: Session, pdu: BindPdu): void {
    const { SIMULATOR_BIND_DELAY_MS: delayMs } = this.#options.settings
    if (delayMs === 0) this.#answer(session, pdu)
    else this.#due.add(() => this.#answer(session, pdu), Date.now() + delayMs)
  }

  stop(): void {
    this.#due.stop()
  }

  #answer(session: Session, pdu: BindPdu): void {
    if (session.isClosed) return
    const status = this.#decide(session, pdu)
    if (status !== 'ESME_ROK') {
      session.write(createPdu(`${pdu.command}_resp`, pdu.sequence, { status: COMMAND_STATUS[status].code }))
      return
    }
    const binding = {
      systemId: pdu.systemId,
      canSubmit: pdu.command !== 'bind_receiver',
      canReceive: pdu.command !== 'bind_transmitter',
    }
    const tlvs = [createTlv('sc_interface_version', INTERFACE_VERSION)]
    session.binding = binding
    session.write(createResponse(pdu, { systemId: OWN_SYSTEM_ID, tlvs }))
    session.flush()
    this.#options.bound(session, binding)
  }

  #decide(session: Session, { systemId, password }: BindPdu): keyof typeof COMMAND_STATUS {
    const { settings, bindsOf } = this.#options
    if (session.binding) return 'ESME_RALYBND'
    if (settings.SIMULATOR_SYSTEM_ID !== '' && systemId !== settings.SIMULATOR_SYSTEM_ID) return 'ESME_RINVSYSID'
    if (settings.SIMULATOR_PASSWORD !== '' && password !== settings.SIMULATOR_PASSWORD) return 'ESME_RINVPASWD'
    const luck = draw(`${settings.SIMULATOR_SEED} bind ${++this.#binds}`)
    if (luck < settings.SIMULATOR_BIND_REFUSED_SHARE) return 'ESME_RBINDFAIL'
    return bindsOf(systemId) >= settings.SIMULATOR_BINDS_MAX ? 'ESME_RALYBND' : 'ESME_ROK'
  }
}
