import { isNetworkCode } from '../runtime/network-codes.ts'

/** SQLSTATE codes by which callers decide (PostgreSQL documentation, Appendix A). */
export const SqlState = {
  FOREIGN_KEY_VIOLATION: '23503',
  UNIQUE_VIOLATION: '23505',
  CHECK_VIOLATION: '23514',
  DEADLOCK_DETECTED: '40P01',
  SERIALIZATION_FAILURE: '40001',
  UNDEFINED_TABLE: '42P01',
  UNDEFINED_DATABASE: '3D000',
  DISK_FULL: '53100',
} as const

/**
 * Classes of SQLSTATE that pass by themselves: connection, resources, operator intervention, system errors, rollback.
 */
const PASSING_CLASSES = new Set(['08', '53', '57', '58', '40'])

export function sqlState(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** Whether the database, rather than the statement, is at fault, so that the same work may succeed later. */
export function isDatabaseUnavailable(error: unknown): boolean {
  const code = sqlState(error)
  if (code === undefined) return error instanceof Error && /(?<!SSL )connection\b|timeout/i.test(error.message)
  // A server that is down has no socket in its folder.
  if (code === 'ENOENT') return (error as NodeJS.ErrnoException).syscall === 'connect'
  return isNetworkCode(code) || (code.length === 5 && PASSING_CLASSES.has(code.slice(0, 2)))
}

/** Whether the disk of the database is full; it takes writes again by itself when there is room. */
export function isDiskFull(error: unknown): boolean {
  return sqlState(error) === SqlState.DISK_FULL
}

/**
 * Whether a table has no partition for an item. Of an item with a time of its own (an id that was never issued) it is
 * the item's fault; of one of today it is the gateway's, which has not made the partition.
 */
export function isPartitionMissing(error: unknown): boolean {
  return sqlState(error) === SqlState.CHECK_VIOLATION && (error as { constraint?: string }).constraint === undefined
}

const SQLSTATE = /^(?=.*[0-9])[0-9A-Z]{5}$/

/**
 * Whether PostgreSQL cannot run the statement, whatever the item: it is unavailable, or lacks a table, a
 * permission or a column. The same work is tried again later, and nothing may be given up for it.
 */
export function isDatabaseTrouble(error: unknown): boolean {
  return isDatabaseUnavailable(error) || (SQLSTATE.test(sqlState(error) ?? '') && !isItemFault(error))
}

/**
 * Classes of SQLSTATE by which PostgreSQL refuses what a statement brings: data exceptions, broken constraints, sizes.
 */
const ITEM_CLASSES = new Set(['22', '23', '54'])

/**
 * Whether what was written is at fault, so that the same item fails each time and its neighbours need not. What remains
 * (a missing table, a slip in a statement, no permission) is the gateway's own fault: nothing may be given up for it.
 */
export function isItemFault(error: unknown): boolean {
  const code = sqlState(error)
  return code?.length === 5 && ITEM_CLASSES.has(code.slice(0, 2))
}
