import { Writer } from '@platformatic/kafka'
import { KafkaCode } from '../../../src/kafka/errors.ts'
import type { RequestKind } from '../broker-state.ts'

const PROTOCOL_TYPE = 'consumer'

export const joinGroup: RequestKind = {
  key: 11,
  version: 9,
  async answer(request, { broker, clientId }) {
    const group = broker.group(request.readString())
    const sessionTimeoutMs = request.readInt32()
    const rebalanceTimeoutMs = request.readInt32()
    const memberId = request.readString()
    const instanceId = request.readNullableString()
    request.readString()
    const [protocol] = request.readArray((r) => ({ name: r.readString(), subscription: Buffer.from(r.readBytes()) }))
    const joined = await group.join({
      ...{ clientId, memberId, instanceId, sessionTimeoutMs, rebalanceTimeoutMs },
      protocolName: protocol!.name,
      subscription: protocol!.subscription,
    })
    return Writer.create()
      .appendInt32(0)
      .appendInt16(joined.code)
      .appendInt32(joined.generationId)
      .appendString(PROTOCOL_TYPE)
      .appendString(joined.protocolName)
      .appendString(joined.leader)
      .appendBoolean(joined.skipAssignment)
      .appendString(joined.memberId)
      .appendArray([...joined.members], (w, member) => {
        w.appendString(member.memberId).appendString(member.instanceId).appendBytes(member.subscription)
      })
      .appendTaggedFields()
  },
}

export const syncGroup: RequestKind = {
  key: 14,
  version: 5,
  async answer(request, { broker }) {
    const group = broker.group(request.readString())
    const generationId = request.readInt32()
    const claim = { generationId, memberId: request.readString(), instanceId: request.readNullableString() }
    request.readNullableString()
    const protocolName = request.readNullableString()
    const assignments = request.readArray((r): [string, Buffer] => [r.readString(), Buffer.from(r.readBytes())])
    const { code, assignment } = await group.sync(claim, new Map(assignments))
    return Writer.create()
      .appendInt32(0)
      .appendInt16(code)
      .appendString(PROTOCOL_TYPE)
      .appendString(protocolName)
      .appendBytes(assignment)
      .appendTaggedFields()
  },
}

export const heartbeat: RequestKind = {
  key: 12,
  version: 4,
  answer(request, { broker }) {
    const group = broker.group(request.readString())
    const generationId = request.readInt32()
    const claim = { generationId, memberId: request.readString(), instanceId: request.readNullableString() }
    return Writer.create().appendInt32(0).appendInt16(group.heartbeat(claim)).appendTaggedFields()
  },
}

export const leaveGroup: RequestKind = {
  key: 13,
  version: 5,
  answer(request, { broker }) {
    const group = broker.group(request.readString())
    const members = request.readArray((r) => {
      const member = { memberId: r.readString(), instanceId: r.readNullableString() }
      r.readNullableString()
      return member
    })
    return Writer.create()
      .appendInt32(0)
      .appendInt16(KafkaCode.NONE)
      .appendArray(members, (w, { memberId, instanceId }) => {
        w.appendString(memberId).appendString(instanceId).appendInt16(group.leave(memberId, instanceId))
      })
      .appendTaggedFields()
  },
}
