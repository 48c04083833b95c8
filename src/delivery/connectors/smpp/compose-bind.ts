import { createPdu } from '../../../smpp/pdu.ts'
import type { BindPdu } from './session-actions.ts'
import type { CompleteSmppSettings } from './smpp-settings.ts'

export type BindKind = 'transceiver' | 'transmitter' | 'receiver'

/** SMPP 3.4, 5.2.4. */
const VERSIONS = { 3.3: 0x33, 3.4: 0x34, 5: 0x50 } as const

/** The bind of an operator account, with its login as the operator gave it. */
export function composeBind(
  kind: BindKind,
  sequence: number,
  settings: CompleteSmppSettings,
  password: string,
): BindPdu {
  const { ton, npi, range } = settings.address_range
  return createPdu(`bind_${kind}`, sequence, {
    systemId: settings.system_id,
    password,
    systemType: settings.system_type,
    interfaceVersion: VERSIONS[settings.interface_version],
    addrTon: ton,
    addrNpi: npi,
    addressRange: range,
  })
}
