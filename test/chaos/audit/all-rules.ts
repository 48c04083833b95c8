import { describeEvidence } from './describe-evidence.ts'
import type { Facts, Finding, Rule } from './facts.ts'
import { acceptedIsStored } from './rules/accepted-is-stored.ts'
import { auditLogIsWhole } from './rules/audit-log-is-whole.ts'
import { clickhouseAgrees } from './rules/clickhouse-agrees.ts'
import { commitsNeverGoBack } from './rules/commits-never-go-back.ts'
import { deadLettersAreExplained } from './rules/dead-letters-are-explained.ts'
import { duplicatesAreFlagged } from './rules/duplicates-are-flagged.ts'
import { logsAreClean } from './rules/logs-are-clean.ts'
import { moneyAddsUp } from './rules/money-adds-up.ts'
import { nothingIsLeft } from './rules/nothing-is-left.ts'
import { oneFinalStatus } from './rules/one-final-status.ts'
import { orderIsKept } from './rules/order-is-kept.ts'
import { submitsAreExplained } from './rules/submits-are-explained.ts'
import { webhooksArrive } from './rules/webhooks-arrive.ts'

const RULES: readonly Rule[] = [
  acceptedIsStored,
  oneFinalStatus,
  submitsAreExplained,
  duplicatesAreFlagged,
  moneyAddsUp,
  orderIsKept,
  webhooksArrive,
  clickhouseAgrees,
  nothingIsLeft,
  deadLettersAreExplained,
  logsAreClean,
  commitsNeverGoBack,
  auditLogIsWhole,
]

export function audit(facts: Facts): Finding[] {
  return RULES.map((rule) => {
    const finding = rule(facts)
    return { ...finding, evidence: describeEvidence(finding, facts) }
  })
}
