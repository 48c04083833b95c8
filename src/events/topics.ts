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

/** Consumer groups whose progress others wait for or watch. */
export const GROUPS = {
  delivery: 'smsgw-delivery',
  status: 'smsgw-status',
  deadLetters: 'smsgw-dlq',
} as const
