/** A deliberate bug: a snippet of a file of `src/`, and its replacement. */
export interface Mutant {
  readonly name: string
  readonly file: string
  readonly snippet: string
  readonly bug: string
  /** The fault that brings it to light, and on whom; none when load alone does. */
  readonly fault: { readonly name: string; readonly target: string; readonly holdMs: number } | null
  /** Checks that must name it: at least one of them. */
  readonly checks: readonly string[]
  /** Part of what a violation says. */
  readonly says: RegExp
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'dropped-record',
    file: 'outbox/relay.ts',
    snippet: '    await Promise.all([producer.send(accepted), producer.send(placed)])',
    bug: '    await Promise.all([producer.send(accepted), row.seq % 50 === 0 ? null : producer.send(placed)])',
    fault: null,
    checks: ['A2'],
    says: /is not on sms.delivery/,
  },
  {
    name: 'double-send',
    file: 'delivery/attempts/make-attempt.ts',
    snippet: '    const submittedMs = performance.now()',
    bug: `    const submittedMs = performance.now()
    if (message.smsId % 20 === 0) void connection.connector.submit(message, part)`,
    fault: null,
    checks: ['A3'],
    says: /was submitted twice/,
  },
  {
    name: 'lost-refund',
    file: 'domain/ledger.ts',
    snippet: '      return { balance: amount, reserved: -amount }',
    bug: '      return { balance: 0, reserved: -amount }',
    fault: null,
    checks: ['A4'],
    says: /it is 0 and 0/,
  },
  {
    name: 'swapped-order',
    file: 'delivery/read-tasks.ts',
    snippet: "    return order === 'strict' ? task.customer_id : task.phone",
    bug: "    return order === 'strict' ? task.customer_id : String(task.sms_id)",
    fault: null,
    checks: ['A5'],
    says: /overtook/,
  },
  {
    name: 'auto-commit',
    file: 'kafka/consumer/commit/offset-tracker.ts',
    snippet: '    const watermark = this.#head < this.#offsets.length ? this.#offsets[this.#head]! : this.#next',
    bug: '    const watermark = this.#next',
    fault: { name: 'kill-worker', target: 'worker-1', holdMs: 500 },
    checks: ['A2'],
    says: /has no final status/,
  },
  {
    name: 'follows-last-id',
    file: 'outbox/claim-batch.ts',
    snippet: '  return rows.map((row) => ({',
    bug: `  const last = ((globalThis as { lastSeq?: Map<number, number> }).lastSeq ??= new Map())
  const unseen = rows.filter((row) => row.seq > (last.get(row.shard) ?? 0))
  for (const row of unseen) last.set(row.shard, row.seq)
  return unseen.map((row) => ({`,
    fault: { name: 'delay-commits', target: 'api-1', holdMs: 4_000 },
    checks: ['A8'],
    says: /the outbox has/,
  },
  {
    name: 'no-fencing',
    file: 'delivery/attempts/record-attempts.ts',
    snippet: 'insertAttempts(starts, worker), isReturned)',
    bug: 'insertAttempts(starts, worker), () => true)',
    fault: { name: 'freeze-worker', target: 'worker-1', holdMs: 14_000 },
    checks: ['A3'],
    says: /was submitted twice/,
  },
  {
    name: 'no-deduplication',
    file: 'domain/accept.ts',
    snippet: "      if (before) return { kind: 'replay', response: before }",
    bug: "      if (before && row.claim) return { kind: 'replay', response: before }",
    fault: { name: 'lose-commit-answers', target: 'api-1', holdMs: 2_000 },
    checks: ['A1'],
    says: /not acknowledged|when it was asked again/,
  },
]
