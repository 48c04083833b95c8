import { expect, test } from 'vitest'
import { files, type SourceFile } from './read-source.ts'
import { type Column, finalColumns, postgresMigrations, type Statement, statementsIn } from './read-sql.ts'

/*
  A column that is only written costs each row its bytes and suggests that something goes by it; one that is only read is
  always null. Both are found by name: a column is written where an INSERT lists it or an UPDATE sets it, and read where a
  statement that has its table as a source names it anywhere else.
*/

const UNUSED_SINCE_22 = 'answers were stored whole until migration 0022; columns are never dropped'
const ONE_ROW = 'its default and its check keep the table at one row'
const RUNBOOK = 'a person reads it, and puts the row back by it: docs/operations/SmsGwOutboxRefused.md'

/** Columns without a writer or without a reader in src/, and why they are kept. */
const ALLOWED: Readonly<Record<string, string>> = {
  'idempotency.status: no writer': UNUSED_SINCE_22,
  'idempotency.status: no reader': UNUSED_SINCE_22,
  'webhook_endpoints.changed_at: no reader':
    'dispatchers went by it before changed_xid (migration 0017); kept for people',
  'reconciler_progress.is_only: no writer': ONE_ROW,
  'receipt_watch_progress.is_only: no writer': ONE_ROW,
  'ledger.attempts_before: no reader': 'part of the unique index that books each entry once a round',
  'id_slots.slot: no writer': 'its 64 rows are written by migration 0020',
  'outbox_refused.sms_id: no reader': RUNBOOK,
  'outbox_refused.shard: no reader': RUNBOOK,
  'outbox_refused.payload: no reader': RUNBOOK,
  'outbox_refused.carries: no reader': RUNBOOK,
  'outbox_refused.cause: no reader': RUNBOOK,
}

/** Statements of another database. */
const CLICKHOUSE = /^(analytics|clickhouse|embedded|monitor\/canary)\//

const TABLE = String.raw`(\$\{[^}]*\}|[a-z_]+)`
/** A list in brackets; its placeholders may have brackets of their own. */
const LIST = String.raw`\(((?:\$\{(?:[^{}]|\{[^{}]*\})*\}|[^)$])*)\)`
const INSERT = new RegExp(String.raw`\b(?:INSERT INTO|COPY) ${TABLE}(?: AS [a-z_]+)?\s*${LIST}`, 'g')
const UPDATE = new RegExp(String.raw`\bUPDATE ${TABLE}(?: (?:AS )?[a-z_]+)?\s+SET\b`, 'g')
const UPSERT = /\bDO UPDATE\s+SET\b/
/** The left side of `column = value`, which no comparison is: those follow WHERE, ON, AND, OR or WHEN. */
const ASSIGNMENT = /(\bSET\s+|,\s*|`)([a-z_]+)(?= = )/g
const SOURCE = new RegExp(String.raw`\b(?:FROM|JOIN|UPDATE|USING) (?:ONLY )?${TABLE}`, 'g')

interface Use {
  /** Tables that the statement writes, and those that it reads; `$` for one that a placeholder names. */
  readonly written: ReadonlySet<string>
  readonly sources: ReadonlySet<string>
  readonly columnsWritten: ReadonlySet<string>
  readonly columnsRead: ReadonlySet<string>
  readonly readsAll: boolean
}

function useOf({ text }: Statement): Use {
  const inserts = [...text.matchAll(INSERT)]
  const updates = [...text.matchAll(UPDATE)]
  const assigned =
    updates.length > 0 || UPSERT.test(text) ? [...text.matchAll(ASSIGNMENT)].map(([, , name]) => name!) : []
  const rest = text.replace(INSERT, '').replace(ASSIGNMENT, '$1')
  const nameOf = (table: string): string => (table.startsWith('$') ? '$' : table)
  const sources = [...text.matchAll(SOURCE)].map(([, table]) => nameOf(table!))
  // What was there before is looked at.
  if (UPSERT.test(text)) for (const [, table] of inserts) sources.push(nameOf(table!))
  return {
    written: new Set([...inserts, ...updates].map(([, table]) => nameOf(table!))),
    sources: new Set(sources),
    columnsWritten: new Set([...inserts.flatMap(([, , list]) => columnsOf(list!, text)), ...assigned]),
    columnsRead: new Set(rest.match(/[a-z_0-9]+/g) ?? []),
    readsAll: /\bSELECT (?:[a-z]+\.)?\*|\bRETURNING \*|\.\*/.test(text),
  }
}

/** The names in the list of an INSERT; those of a placeholder are in the declarations behind the statement. */
function columnsOf(list: string, text: string): string[] {
  const listed = list.match(/[a-z_0-9]+/g) ?? []
  return list.includes('$') ? [...listed, ...[...text.matchAll(/'([a-z_0-9]+)'/g)].map(([, name]) => name!)] : listed
}

/** What is missing of each column, as `table.column: no reader`. */
function deadColumns(
  columns: readonly Column[],
  source: readonly Pick<SourceFile, 'path' | 'text' | 'imports'>[],
): string[] {
  const textOf = new Map(source.map(({ path, text }) => [path, text]))
  const uses = statementsIn(source).map((statement) => ({ ...statement, use: useOf(statement) }))
  return columns.flatMap(({ table, column, isFilled }) => {
    const tableWord = new RegExp(`\\b${table}\\b`)
    const concerned = (tables: ReadonlySet<string>, { path, text }: Statement): boolean =>
      tables.has(table) || (tables.has('$') && tableWord.test(textOf.get(path)! + text))
    const word = new RegExp(`\\b${column}\\b`)
    const isWritten =
      isFilled || uses.some(({ use, ...at }) => concerned(use.written, at) && use.columnsWritten.has(column))
    const isRead = uses.some(
      ({ use, ...at }) =>
        concerned(use.sources, at) &&
        (use.columnsRead.has(column) || (use.readsAll && word.test(textOf.get(at.path)!.replace(at.text, '')))),
    )
    return [
      ...(isWritten ? [] : [`${table}.${column}: no writer`]),
      ...(isRead ? [] : [`${table}.${column}: no reader`]),
    ]
  })
}

test('every column of PostgreSQL has a writer and a reader in src/', () => {
  const columns = finalColumns(postgresMigrations())
  expect(columns.length).toBeGreaterThan(200)
  const source = files.filter(({ path }) => !CLICKHOUSE.test(path))
  const dead = deadColumns(columns, source)
  expect(dead.filter((each) => !Object.hasOwn(ALLOWED, each))).toEqual([])
  expect(Object.keys(ALLOWED).filter((each) => !dead.includes(each))).toEqual([])
})

test('a planted column that nothing reads, or nothing writes, is found', () => {
  const columns = finalColumns([
    'CREATE TABLE visits (\n  visit_id bigint PRIMARY KEY,\n  read_only text,\n  written_only text,\n  kept text,\n  gone text,\n  made_at timestamptz NOT NULL DEFAULT now()\n);',
    'ALTER TABLE visits ADD COLUMN later text, ADD COLUMN set_only text;\nALTER TABLE visits DROP COLUMN gone;',
  ])
  expect(columns.map(({ column }) => column)).toEqual([
    ...['visit_id', 'read_only', 'written_only', 'kept', 'made_at', 'later', 'set_only'],
  ])
  const text = `
const COLUMNS = ['kept', 'later']
const INSERT = \`INSERT INTO visits (visit_id, written_only, \${COLUMNS.join()})
  SELECT visit_id, written_only, kept, later FROM unnest($1::bigint[], $2::text[]) AS row (visit_id, written_only)\`
const read = (table: string) => \`SELECT read_only, \${COLUMNS.join()} FROM \${table} WHERE visit_id = $1 AND made_at < now()\`
read('visits')
const change = "UPDATE visits AS v SET set_only = 'x', kept = v.kept WHERE visit_id = $1"
`
  const dead = deadColumns(columns, [{ path: 'a.ts', text, imports: [] }])
  expect(dead).toEqual([
    ...['visits.read_only: no writer', 'visits.written_only: no reader', 'visits.set_only: no reader'],
  ])
})
