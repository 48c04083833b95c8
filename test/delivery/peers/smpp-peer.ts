import { onTestFinished } from 'vitest'
import { COMMAND_STATUS } from '../../../src/smpp/command-status.ts'
import { createPdu, createResponse } from '../../../src/smpp/pdu.ts'
import { RECEIPT_ESM_CLASS, type Script, ScriptedSmsc } from '../../servers/scripted-smsc.ts'
import type { Peer, PeerReceipt, PeerScript, PeerSubmit } from './peer.ts'

const REFUSALS = {
  rejected: COMMAND_STATUS.ESME_RINVDSTADR.code,
  temporary: COMMAND_STATUS.ESME_RSYSERR.code,
  throttled: COMMAND_STATUS.ESME_RTHROTTLED.code,
}

/** An SMSC. */
export async function smppPeer(script: PeerScript): Promise<Peer> {
  const submits: PeerSubmit[] = []
  const acknowledged = new Map<number, (isAcknowledged: boolean) => void>()
  const take: Script = (pdu, link) => {
    if (pdu.command === 'deliver_sm_resp') acknowledged.get(pdu.sequence)?.(pdu.status === 0)
    if (pdu.command !== 'submit_sm') return false
    const submit: PeerSubmit = {
      take: (messageId) => link.send(createResponse(pdu, { messageId })),
      takeUnnamed: () => link.send(createResponse(pdu, { messageId: '' })),
      refuse: (kind) => link.send(createResponse(pdu, { status: REFUSALS[kind] })),
      lose: () => link.cut(),
    }
    script(submit, submits.push(submit) - 1)
    return true
  }
  let smsc = await ScriptedSmsc.start(take)
  onTestFinished(() => smsc.stop())
  const { address } = smsc
  return {
    settings: { address, system_id: 'test', reconnect_ms_first: 5, reconnect_ms_max: 20 },
    submits,
    get open() {
      return smsc.open
    },
    push: (receipt) =>
      new Promise((resolve) => {
        const sequence = acknowledged.size + 1
        acknowledged.set(sequence, resolve)
        smsc.links.at(-1)!.send(deliverSm(receipt, sequence))
      }),
    down: () => smsc.stop(),
    up: async () => {
      smsc = await ScriptedSmsc.start(take, undefined, Number(address.split(':')[1]))
    },
  }
}

function deliverSm({ id, status, phone }: PeerReceipt, sequence: number) {
  const stat = status === 'delivered' ? 'DELIVRD' : 'UNDELIV'
  return createPdu('deliver_sm', sequence, {
    esmClass: RECEIPT_ESM_CLASS,
    sourceAddr: phone.slice(1),
    shortMessage: Buffer.from(id === null ? `stat:${stat}` : `id:${id} stat:${stat} err:000`),
  })
}
