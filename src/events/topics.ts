/** The topics, by what they carry. `config/topics.yaml` says how each is stored. */
export const TOPICS = {
  accepted: 'sms.accepted',
  delivery: 'sms.delivery',
  status: 'sms.status',
  deadLetters: 'sms.dlq',
  acts: 'sms.audit',
  anchors: 'sms.audit.anchors',
} as const

export type TopicName = (typeof TOPICS)[keyof typeof TOPICS]

/**
 * Every consumer group of the gateway, by what reads in it. Two have the names of the requirements; ClickHouse reads each
 * topic in a group of its own, so that a rebalance of one does not stop the other.
 */
export const GROUPS = {
  delivery: 'delivery-worker-group',
  clickhouseAccepted: 'clickhouse_ingestion',
  clickhouseStatus: 'clickhouse_ingestion_status',
  status: 'smsgw-status',
  webhooks: 'smsgw-webhooks',
  audit: 'smsgw-audit',
  deadLetters: 'smsgw-dlq',
} as const

export type GroupName = (typeof GROUPS)[keyof typeof GROUPS]

/** What groups were called by earlier versions, whose offsets they take over once (docs/decisions/0030). */
export const FORMER_GROUPS = {
  [GROUPS.delivery]: 'smsgw-delivery',
  [GROUPS.clickhouseAccepted]: 'smsgw-clickhouse-accepted',
  [GROUPS.clickhouseStatus]: 'smsgw-clickhouse-statuses',
} as const satisfies Partial<Record<GroupName, string>>
