import { expect, test } from 'vitest'
import { claimBatch } from '../src/outbox/claim-batch.ts'
import type { Queryable } from '../src/postgres/pool.ts'
import { files, type SourceFile } from './read-source.ts'
import { type Column, finalColumns, postgresMigrations, type Statement, statementsIn } from './read-sql.ts'

/*
  A column that is only written costs each row its bytes and suggests that something goes by it; one that is only read is
  always null. Both are found by name: a column is written where an INSERT lists it or an UPDATE sets it, and read where a
  statement that has its table as a source names it anywhere else.
*/

const UNUSED_SINCE_22 = 'answers were stored whole until migration 0022; columns are never dropped'
const ONCE = 'part of the unique index that books each entry once a round'
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
  'ledger.ref: no reader': ONCE,
  'ledger.attempts_before: no reader': ONCE,
  'id_slots.slot: no writer': 'its 64 rows are written by migration 0020',
  'outbox_refused.sms_id: no reader': RUNBOOK,
  'outbox_refused.shard: no reader': RUNBOOK,
  'outbox_refused.payload: no reader': RUNBOOK,
  'outbox_refused.carries: no reader': RUNBOOK,
  'outbox_refused.cause: no reader': RUNBOOK,
}

/** Statements of another database. */
const CLICKHOUSE = /^(analytics|clickhouse|embedded|monitor\/canary)\//

/** A table by its name, or by a parameter. */
const TABLE = String.raw`(\$\{[a-z]\w*\}|[a-z_]+)`
/** A list in brackets; its placeholders may have brackets of their own. */
const LIST = String.raw`\(((?:\$\{(?:[^{}]|\{[^{}]*\})*\}|[^)$])*)\)`
const INSERT = new RegExp(String.raw`\b(?:INSERT INTO|COPY) ${TABLE}(?: AS [a-z_]+)?\s*${LIST}`, 'g')
const UPDATE = new RegExp(String.raw`\bUPDATE ${TABLE}(?: (?:AS )?[a-z_]+)?\s+SET\b`, 'g')
const UPSERT = /\bDO UPDATE\s+SET\b/
/** The left side of `column = value`, which no comparison is: those follow WHERE, ON, AND, OR or WHEN. */
const ASSIGNMENT = /(\bSET\s+|,\s*|`)([a-z_]+)(?= = )/g
const SOURCE = new RegExp(String.raw`\b(?:FROM|JOIN|UPDATE|USING) (?:ONLY )?${TABLE}`, 'g')

interface Use {
  /** The columns that the statement writes, by table; `$` for a table that a placeholder names. */
  readonly written: ReadonlyMap<string, ReadonlySet<string>>
  /** The tables that it reads, and the names in it that write nothing. */
  readonly sources: ReadonlySet<string>
  readonly named: ReadonlySet<string>
  readonly readsAll: boolean
}

function useOf({ text, declared }: Statement): Use {
  const written = new Map<string, Set<string>>()
  const write = (table: string, columns: readonly string[]): void => {
    const name = nameOf(table)
    written.set(name, new Set([...(written.get(name) ?? []), ...columns]))
  }
  const inserts = [...text.matchAll(INSERT)]
  for (const [, table, list] of inserts) write(table!, columnsOf(list!, declared(list!)))
  const assigned = [...text.matchAll(ASSIGNMENT)].map(([, , name]) => name!)
  for (const [, table] of text.matchAll(UPDATE)) write(table!, assigned)
  const sources = [...text.matchAll(SOURCE)].map(([, table]) => nameOf(table!))
  // An upsert looks at the row that was there before, and changes it.
  for (const [, table] of UPSERT.test(text) ? inserts : []) {
    write(table!, assigned)
    sources.push(nameOf(table!))
  }
  return {
    written,
    sources: new Set(sources),
    named: new Set(
      text
        .replace(INSERT, '')
        .replace(ASSIGNMENT, '$1')
        .match(/[a-z_0-9]+/g),
    ),
    readsAll: /\bSELECT (?:[a-z]+\.)?\*|\bRETURNING \*|\.\*/.test(text),
  }
}

function nameOf(table: string): string {
  return table.startsWith('$') ? '$' : table
}

/** The names in the list of an INSERT; those of a placeholder are the words and keys of its declaration. */
function columnsOf(list: string, declarations: string): string[] {
  const listed = list.match(/[a-z_0-9]+/g) ?? []
  return [
    ...listed,
    ...[...declarations.matchAll(/'([a-z_0-9]+)'|\b([a-z_0-9]+): /g)].map(([, word, key]) => word ?? key!),
  ]
}

/** What is missing of each column, as `table.column: no reader`. */
function deadColumns(
  columns: readonly Column[],
  source: readonly Pick<SourceFile, 'path' | 'text' | 'imports'>[],
  derived: readonly Statement[] = [],
): string[] {
  const textOf = new Map(source.map(({ path, text }) => [path, text]))
  const uses = [...statementsIn(source), ...derived].map((statement) => ({ ...statement, use: useOf(statement) }))
  return columns.flatMap(({ table, column, isFilled }) => {
    const [tableWord, columnWord] = [new RegExp(`\\b${table}\\b`), new RegExp(`\\b${column}\\b`)]
    const namesTable = ({ path, text }: Statement): boolean => tableWord.test(textOf.get(path)! + text)
    const isWritten = uses.some(
      ({ use: { written }, ...at }) =>
        written.get(table)?.has(column) || (written.get('$')?.has(column) && namesTable(at)),
    )
    const isRead = uses.some(({ use: { sources, named, readsAll }, ...at }) => {
      if (sources.has('$') && named.has(column) && namesTable(at)) return true
      if (!sources.has(table)) return false
      return named.has(column) || (readsAll && columnWord.test(textOf.get(at.path)!.replace(at.text, '')))
    })
    return [
      ...(isWritten || isFilled ? [] : [`${table}.${column}: no writer`]),
      ...(isRead ? [] : [`${table}.${column}: no reader`]),
    ]
  })
}

/** Statements whose columns follow from a list when they are made, as they are made. */
async function derivedStatements(): Promise<Statement[]> {
  const texts: string[] = []
  const database = {
    query: async ({ text }: { text: string }) => {
      texts.push(text)
      return { rows: [] }
    },
  } as unknown as Queryable
  await claimBatch(database, [{ shard: 0, seqAfter: 0 }], 1)
  return texts.map((text) => ({ path: 'outbox/claim-batch.ts', text, declared: () => '' }))
}

test('every column of PostgreSQL has a writer and a reader in src/', async () => {
  const columns = finalColumns(postgresMigrations())
  expect(columns.length).toBeGreaterThan(200)
  const source = files.filter(({ path }) => !CLICKHOUSE.test(path))
  const dead = deadColumns(columns, source, await derivedStatements())
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
