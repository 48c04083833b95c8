import { randomUUID } from 'node:crypto'
import { KafkaCode } from '../../src/kafka/errors.ts'

const NOTHING = Buffer.alloc(0)
/** Kafka's default of `offset.metadata.max.bytes`. */
const METADATA_BYTES_MAX = 4_096

export interface JoinRequest {
  readonly clientId: string
  readonly memberId: string
  readonly instanceId: string | null
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocolName: string
  readonly subscription: Buffer
}

export interface JoinAnswer {
  readonly code: number
  readonly memberId: string
  readonly generationId: number
  readonly protocolName: string | null
  readonly leader: string
  /** The leader is to leave the assignment as it is. */
  readonly skipAssignment: boolean
  /** For the leader: all members with what they subscribed to. */
  readonly members: readonly { memberId: string; instanceId: string | null; subscription: Buffer }[]
}

export interface SyncAnswer {
  readonly code: number
  readonly assignment: Buffer
}

/** The member that sends a request, and the generation that it believes to be in. */
export interface Claim {
  readonly memberId: string
  readonly instanceId: string | null
  readonly generationId: number
}

export interface StoredOffset {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly metadata: string
}

interface Member extends JoinRequest {
  assignment: Buffer
  /** Set while its JoinGroup, or its SyncGroup, is not answered. */
  joining: ((answer: JoinAnswer) => void) | null
  syncing: ((answer: SyncAnswer) => void) | null
  session: NodeJS.Timeout | null
}

/**
 * A classic consumer group as its coordinator keeps it (Kafka: `ClassicGroup`, `GroupMetadataManager`).
 *
 * - empty: no members. Offsets may be committed from outside.
 * - preparing: entered when a member comes, changes or goes. Waits until every member has joined again, at most for the
 *   longest rebalance time-out; a dynamic member that has not joined by then is no member any more.
 * - completing: a generation has begun, and its leader owes the assignment.
 * - stable: every member may have its assignment.
 */
export class ConsumerGroup {
  readonly #members = new Map<string, Member>()
  /** Ids that were given to members that are to join under them. */
  readonly #pending = new Set<string>()
  readonly #offsets = new Map<string, StoredOffset>()
  #state: 'empty' | 'preparing' | 'completing' | 'stable' = 'empty'
  #generationId = 0
  #leader = ''
  #preparing: NodeJS.Timeout | null = null

  get offsets(): readonly StoredOffset[] {
    return [...this.#offsets.values()]
  }

  join(request: JoinRequest): Promise<JoinAnswer> {
    const { memberId, instanceId, clientId } = request
    const namesake = this.#withInstance(instanceId)
    if (memberId === '') {
      const newId = `${instanceId ?? clientId}-${randomUUID()}`
      if (instanceId === null) {
        this.#pending.add(newId)
        return Promise.resolve({ ...this.#notJoined(KafkaCode.MEMBER_ID_REQUIRED), memberId: newId })
      }
      return namesake
        ? this.#replace(namesake, { ...request, memberId: newId })
        : this.#rejoin({ ...request, memberId: newId })
    }
    if (namesake && namesake.memberId !== memberId) {
      return Promise.resolve(this.#notJoined(KafkaCode.FENCED_INSTANCE_ID))
    }
    if (!this.#members.has(memberId) && !this.#pending.delete(memberId)) {
      return Promise.resolve(this.#notJoined(KafkaCode.UNKNOWN_MEMBER_ID))
    }
    return this.#rejoin(request)
  }

  sync(claim: Claim, assignments: ReadonlyMap<string, Buffer>): Promise<SyncAnswer> {
    const code = this.#judge(claim)
    const member = this.#members.get(claim.memberId)
    if (code !== KafkaCode.NONE || !member) return Promise.resolve({ code, assignment: NOTHING })
    this.#heard(member)
    if (this.#state === 'preparing')
      return Promise.resolve({ code: KafkaCode.REBALANCE_IN_PROGRESS, assignment: NOTHING })
    if (this.#state === 'completing' && claim.memberId === this.#leader) {
      for (const each of this.#members.values()) each.assignment = assignments.get(each.memberId) ?? NOTHING
      this.#state = 'stable'
      for (const each of this.#members.values()) this.#answerSync(each, KafkaCode.NONE)
    }
    if (this.#state === 'stable') return Promise.resolve({ code: KafkaCode.NONE, assignment: member.assignment })
    return new Promise((resolve) => {
      member.syncing = resolve
    })
  }

  /** Returns the code of the answer. */
  heartbeat(claim: Claim): number {
    const code = this.#judge(claim)
    if (code !== KafkaCode.NONE) return code
    this.#heard(this.#members.get(claim.memberId)!)
    return this.#state === 'preparing' ? KafkaCode.REBALANCE_IN_PROGRESS : KafkaCode.NONE
  }

  /** Returns the code of the answer. */
  leave(memberId: string, instanceId: string | null): number {
    const member = this.#members.get(memberId) ?? this.#withInstance(instanceId)
    if (!member) return this.#pending.delete(memberId) ? KafkaCode.NONE : KafkaCode.UNKNOWN_MEMBER_ID
    this.#remove(member)
    return KafkaCode.NONE
  }

  /** Returns the code of the answer. Generation -1 without a member id is a commit from outside, to a group without members. */
  commit(claim: Claim, { topic, partition, offset, metadata }: StoredOffset): number {
    const isOutside = claim.generationId < 0 && claim.memberId === ''
    if (isOutside && this.#state !== 'empty') return KafkaCode.UNKNOWN_MEMBER_ID
    if (!isOutside) {
      const code = this.#judge(claim)
      if (code !== KafkaCode.NONE) return code
      if (this.#state === 'completing') return KafkaCode.REBALANCE_IN_PROGRESS
      this.#heard(this.#members.get(claim.memberId)!)
    }
    if (Buffer.byteLength(metadata) > METADATA_BYTES_MAX) return KafkaCode.OFFSET_METADATA_TOO_LARGE
    this.#offsets.set(`${topic}[${partition}]`, { topic, partition, offset, metadata })
    return KafkaCode.NONE
  }

  /** Forgets all members, as a coordinator does that has lost its log: each learns it by its next request. */
  expelAll(): void {
    for (const member of this.#members.values()) this.#remove(member)
  }

  /** Ends all timers. */
  close(): void {
    if (this.#preparing) clearTimeout(this.#preparing)
    for (const { session } of this.#members.values()) if (session) clearTimeout(session)
  }

  #judge({ memberId, instanceId, generationId }: Claim): number {
    const namesake = this.#withInstance(instanceId)
    if (namesake && namesake.memberId !== memberId) return KafkaCode.FENCED_INSTANCE_ID
    if (!this.#members.has(memberId)) return KafkaCode.UNKNOWN_MEMBER_ID
    return generationId === this.#generationId ? KafkaCode.NONE : KafkaCode.ILLEGAL_GENERATION
  }

  /** A member that is new, or joins again. What it had is as it was where nothing has changed since. */
  #rejoin(request: JoinRequest): Promise<JoinAnswer> {
    const known = this.#members.get(request.memberId)
    const isSame = known?.subscription.equals(request.subscription) ?? false
    const isLeader = request.memberId === this.#leader
    if (known && isSame && (this.#state === 'completing' || (this.#state === 'stable' && !isLeader))) {
      this.#heard(known)
      return Promise.resolve(this.#joined(known))
    }
    const member: Member = { assignment: NOTHING, syncing: null, session: null, ...known, ...request, joining: null }
    this.#members.set(member.memberId, member)
    this.#heard(member)
    return new Promise((resolve) => {
      member.joining = resolve
      this.#prepare()
    })
  }

  /** A static member that comes back takes the place of itself, and in a stable group nothing else happens. */
  #replace(former: Member, request: JoinRequest): Promise<JoinAnswer> {
    this.#forget(former)
    former.joining?.(this.#notJoined(KafkaCode.FENCED_INSTANCE_ID))
    this.#answerSync(former, KafkaCode.FENCED_INSTANCE_ID)
    const member: Member = { ...former, ...request, joining: null, syncing: null, session: null }
    this.#members.set(member.memberId, member)
    if (this.#leader === former.memberId) this.#leader = member.memberId
    this.#heard(member)
    if (this.#state === 'stable')
      return Promise.resolve({ ...this.#joined(member), skipAssignment: this.#leader === member.memberId })
    return new Promise((resolve) => {
      member.joining = resolve
      this.#prepare()
    })
  }

  /** Begins a rebalance, or goes on with the one that has begun. */
  #prepare(): void {
    if (this.#state !== 'preparing') {
      this.#state = 'preparing'
      for (const member of this.#members.values()) this.#answerSync(member, KafkaCode.REBALANCE_IN_PROGRESS)
      const longestMs = Math.max(0, ...[...this.#members.values()].map(({ rebalanceTimeoutMs }) => rebalanceTimeoutMs))
      this.#preparing = setTimeout(() => this.#complete(), longestMs).unref()
    }
    // Not at once: a member that joins in the same moment belongs to the same generation.
    setImmediate(() => {
      const isWaiting = [...this.#members.values()].some(({ joining }) => joining === null)
      if (this.#state === 'preparing' && !isWaiting) this.#complete()
    })
  }

  #complete(): void {
    clearTimeout(this.#preparing!)
    for (const member of this.#members.values()) {
      if (member.joining === null && member.instanceId === null) this.#forget(member)
    }
    this.#generationId++
    if (this.#members.size === 0) {
      this.#state = 'empty'
      return
    }
    this.#state = 'completing'
    if (!this.#members.get(this.#leader)?.joining) {
      this.#leader = [...this.#members.values()].find(({ joining }) => joining !== null)?.memberId ?? ''
    }
    for (const member of this.#members.values()) {
      const { joining } = member
      member.joining = null
      this.#heard(member)
      joining?.(this.#joined(member))
    }
  }

  #joined({ memberId, protocolName }: Member): JoinAnswer {
    const members = memberId === this.#leader ? [...this.#members.values()] : []
    const generationId = this.#generationId
    const leader = this.#leader
    return { code: KafkaCode.NONE, memberId, generationId, protocolName, leader, skipAssignment: false, members }
  }

  #notJoined(code: number): JoinAnswer {
    const anonymous = { memberId: '', leader: '', members: [] }
    return { ...anonymous, code, generationId: -1, protocolName: null, skipAssignment: false }
  }

  #answerSync(member: Member, code: number): void {
    member.syncing?.({ code, assignment: code === KafkaCode.NONE ? member.assignment : NOTHING })
    member.syncing = null
  }

  #withInstance(instanceId: string | null): Member | undefined {
    return instanceId === null ? undefined : [...this.#members.values()].find((each) => each.instanceId === instanceId)
  }

  /** The member's session begins anew. It does not end while its answer is waited for. */
  #heard(member: Member): void {
    if (member.session) clearTimeout(member.session)
    member.session = setTimeout(() => {
      if (member.joining || member.syncing) this.#heard(member)
      else this.#remove(member)
    }, member.sessionTimeoutMs).unref()
  }

  #forget(member: Member): void {
    if (member.session) clearTimeout(member.session)
    this.#members.delete(member.memberId)
  }

  #remove(member: Member): void {
    this.#forget(member)
    member.joining?.(this.#notJoined(KafkaCode.UNKNOWN_MEMBER_ID))
    this.#answerSync(member, KafkaCode.UNKNOWN_MEMBER_ID)
    this.#prepare()
  }
}
