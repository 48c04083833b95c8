import { isSameSecret } from '../runtime/same-secret.ts'
import type { Values } from '../runtime/settings.ts'
import { COMMAND_STATUS } from '../smpp/command-status.ts'
import { createResponse } from '../smpp/pdu.ts'
import { createTlv } from '../smpp/tlv.ts'
import { draw } from './behaviour.ts'
import type { simulatorSettings } from './config.ts'
import { DueQueue } from './due-queue.ts'
import type { ReceiptDesk } from './send-receipts.ts'
import type { BindPdu, Session } from './session.ts'

/** Its system_id, and its SMPP version, 3.4. */
const OWN_SYSTEM_ID = 'smsgw-smsc'
const INTERFACE_VERSION = 0x34

interface DueBind {
  readonly session: Session
  readonly pdu: BindPdu
}

/** Accepts or refuses binds. */
export class BindDesk {
  readonly #settings: Values<typeof simulatorSettings>
  readonly #receipts: ReceiptDesk
  readonly #due = new DueQueue<DueBind>((due) => {
    for (const { session, pdu } of due) this.#answer(session, pdu)
  })
  #binds = 0

  constructor(settings: Values<typeof simulatorSettings>, receipts: ReceiptDesk) {
    this.#settings = settings
    this.#receipts = receipts
  }

  take(session: Session, pdu: BindPdu): void {
    const { SIMULATOR_BIND_DELAY_MS: delayMs } = this.#settings
    if (delayMs === 0) this.#answer(session, pdu)
    else this.#due.add({ session, pdu }, Date.now() + delayMs)
  }

  stop(): void {
    this.#due.stop()
  }

  #answer(session: Session, pdu: BindPdu): void {
    if (session.isClosed) return
    const status = COMMAND_STATUS[this.#decide(session, pdu)].code
    if (status !== 0) {
      session.write(createResponse(pdu, { status }))
      return
    }
    session.binding = {
      systemId: pdu.systemId,
      canSubmit: pdu.command !== 'bind_receiver',
      canReceive: pdu.command !== 'bind_transmitter',
    }
    const tlvs = [createTlv('sc_interface_version', INTERFACE_VERSION)]
    session.write(createResponse(pdu, { systemId: OWN_SYSTEM_ID, tlvs }))
    // Pending receipts of its account follow the answer.
    this.#receipts.join(session)
  }

  #decide(session: Session, { systemId, password }: BindPdu): keyof typeof COMMAND_STATUS {
    const { SIMULATOR_SYSTEM_ID, SIMULATOR_PASSWORD, SIMULATOR_BINDS_MAX, SIMULATOR_BIND_REFUSED_SHARE } =
      this.#settings
    if (session.binding) return 'ESME_RALYBND'
    if (SIMULATOR_SYSTEM_ID !== '' && systemId !== SIMULATOR_SYSTEM_ID) return 'ESME_RINVSYSID'
    if (SIMULATOR_PASSWORD !== '' && !isSameSecret(password, SIMULATOR_PASSWORD)) return 'ESME_RINVPASWD'
    const luck = draw(`${this.#settings.SIMULATOR_SEED} bind ${++this.#binds}`)
    if (luck < SIMULATOR_BIND_REFUSED_SHARE) return 'ESME_RBINDFAIL'
    return this.#receipts.bindsOf(systemId) < SIMULATOR_BINDS_MAX ? 'ESME_ROK' : 'ESME_RALYBND'
  }
}
