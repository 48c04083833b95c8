import { FORMER_GROUPS, GROUPS, type GroupName, TOPICS } from '../../events/topics.ts'

type Operation =
  | 'Read'
  | 'Write'
  | 'Describe'
  | 'DescribeConfigs'
  | 'Create'
  | 'Alter'
  | 'AlterConfigs'
  | 'IdempotentWrite'

/** What an account may do with a thing of Kafka. */
export interface Access {
  readonly type: 'topic' | 'group' | 'cluster'
  /** Its name; of groups the beginning. Empty for the cluster. */
  readonly name: string
  readonly operations: readonly Operation[]
}

/** What a role reads, as which group, what it writes, and whose offsets it looks at. */
interface RoleUse {
  readonly reads?: readonly string[]
  readonly groups?: readonly GroupName[]
  readonly writes?: readonly string[]
  readonly watches?: readonly GroupName[]
}

const { accepted, delivery, status, deadLetters, acts, anchors } = TOPICS

/**
 * The least that each account needs. ClickHouse, which reads Kafka by itself, does so with the account of `analytics`.
 */
const USES: Readonly<Record<string, RoleUse>> = {
  api: {},
  // Redrives go through the outbox too, and so do their audit records. The reconciler finds lost records by the offsets
  // of other groups.
  relay: { writes: [accepted, delivery, status, deadLetters, acts], watches: [GROUPS.delivery, GROUPS.status] },
  worker: { reads: [delivery], groups: [GROUPS.delivery], writes: [status, deadLetters] },
  status: { reads: [status], groups: [GROUPS.status], writes: [status, deadLetters] },
  webhooks: { reads: [status], groups: [GROUPS.webhooks], writes: [deadLetters] },
  audit: { reads: [accepted, status, deadLetters, acts], groups: [GROUPS.audit], writes: [deadLetters, anchors] },
  analytics: { reads: [accepted, status], groups: [GROUPS.clickhouseAccepted, GROUPS.clickhouseStatus] },
  dlq: { reads: [deadLetters], groups: [GROUPS.deadLetters] },
  monitor: {},
}

/**
 * The access of every account, by its name. Every process reads topics at its start; only the admin may change them.
 */
export function accessByRole(): ReadonlyMap<string, readonly Access[]> {
  const roles = Object.entries(USES).map(([role, use]) => [`smsgw-${role}`, accessOf(role, use)] as const)
  return new Map([...roles, ['smsgw-admin', administrator()] as const])
}

function accessOf(role: string, { reads = [], groups = [], writes = [], watches = [] }: RoleUse): Access[] {
  const access: Access[] = []
  for (const name of Object.values(TOPICS)) {
    const operations: Operation[] = ['Describe', 'DescribeConfigs']
    if (reads.includes(name)) operations.unshift('Read')
    if (writes.includes(name)) operations.unshift('Write')
    access.push({ type: 'topic', name, operations })
  }
  for (const name of groups) access.push({ type: 'group', name, operations: ['Read'] })
  // Whose offsets they take over.
  for (const name of groups.flatMap(formerNames)) access.push({ type: 'group', name, operations: ['Describe'] })
  for (const name of watches) access.push({ type: 'group', name, operations: ['Describe'] })
  if (role === 'monitor') access.push({ type: 'group', name: '', operations: ['Describe'] })
  // Every process of the gateway has a producer that takes an id.
  access.push({ type: 'cluster', name: '', operations: ['Describe', 'IdempotentWrite'] })
  return access
}

function formerNames(group: GroupName): string[] {
  return group in FORMER_GROUPS ? [FORMER_GROUPS[group as keyof typeof FORMER_GROUPS]] : []
}

function administrator(): Access[] {
  const operations: Operation[] = ['Read', 'Write', 'Describe', 'DescribeConfigs', 'Create', 'Alter', 'AlterConfigs']
  return [
    ...Object.values(TOPICS).map((name): Access => ({ type: 'topic', name, operations })),
    ...['smsgw-', GROUPS.delivery, GROUPS.clickhouseAccepted].map(
      (name): Access => ({ type: 'group', name, operations: ['Read', 'Describe'] }),
    ),
    {
      type: 'cluster',
      name: '',
      operations: ['Describe', 'DescribeConfigs', 'Alter', 'AlterConfigs', 'IdempotentWrite'],
    },
  ]
}
