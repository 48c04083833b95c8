import { TOPICS } from '../../events/topics.ts'

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

/** What a role reads, as which group, and what it writes. */
interface RoleUse {
  readonly reads?: readonly string[]
  readonly groups?: readonly string[]
  readonly writes?: readonly string[]
}

const { accepted, delivery, status, deadLetters } = TOPICS

/** The least that each account needs. `clickhouse` is the server, which reads Kafka by itself. */
const USES: Readonly<Record<string, RoleUse>> = {
  api: {},
  // What is redriven goes by the outbox too, and so do the records of who did it.
  relay: { writes: [accepted, delivery, status, deadLetters] },
  worker: { reads: [delivery], groups: ['smsgw-delivery'], writes: [status, deadLetters] },
  status: { reads: [status], groups: ['smsgw-status'], writes: [deadLetters] },
  webhooks: { reads: [status], groups: ['smsgw-webhooks'], writes: [deadLetters] },
  audit: { reads: [accepted, status, deadLetters], groups: ['smsgw-audit'], writes: [deadLetters] },
  analytics: {},
  clickhouse: { reads: [accepted, status], groups: ['smsgw-clickhouse'] },
  dlq: { reads: [deadLetters], groups: ['smsgw-dlq'] },
  monitor: {},
}

/** The access of every account, by its name. Whoever starts looks at topics; only the operator may change them. */
export function accessByRole(): ReadonlyMap<string, readonly Access[]> {
  const roles = Object.entries(USES).map(([role, use]) => [`smsgw-${role}`, accessOf(role, use)] as const)
  return new Map([...roles, ['smsgw-admin', administrator()] as const])
}

function accessOf(role: string, { reads = [], groups = [], writes = [] }: RoleUse): Access[] {
  const access: Access[] = []
  for (const name of Object.values(TOPICS)) {
    const operations: Operation[] = ['Describe', 'DescribeConfigs']
    if (reads.includes(name)) operations.unshift('Read')
    if (writes.includes(name)) operations.unshift('Write')
    access.push({ type: 'topic', name, operations })
  }
  for (const name of groups) access.push({ type: 'group', name, operations: ['Read'] })
  if (role === 'monitor') access.push({ type: 'group', name: '', operations: ['Describe'] })
  // Every process of the gateway has a producer that takes an id; ClickHouse and whoever only looks does not.
  if (role !== 'clickhouse') access.push({ type: 'cluster', name: '', operations: ['Describe', 'IdempotentWrite'] })
  return access
}

function administrator(): Access[] {
  const operations: Operation[] = ['Read', 'Write', 'Describe', 'DescribeConfigs', 'Create', 'Alter', 'AlterConfigs']
  return [
    ...Object.values(TOPICS).map((name): Access => ({ type: 'topic', name, operations })),
    { type: 'group', name: 'smsgw-', operations: ['Read', 'Describe'] },
    {
      type: 'cluster',
      name: '',
      operations: ['Describe', 'DescribeConfigs', 'Alter', 'AlterConfigs', 'IdempotentWrite'],
    },
  ]
}
