import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { judgeStatement } from './judge-statement.ts'

const RULES = {
  brokers: new Set(['kafka-1:9092']),
  tableFunctions: new Set(['numbers', 'values', 'filesystem', 'eval', 'url', 'remote', 'a_new_one']),
}
const judge = (sql: string): void => judgeStatement(sql, false, RULES)
const kafkaTable = (brokers: string): string =>
  `CREATE TABLE k (a String) ENGINE = Kafka SETTINGS kafka_broker_list = '${brokers}', kafka_topic_list = 't'`

const MIGRATIONS = join(import.meta.dirname, '../../../migrations/clickhouse')
const statements = readdirSync(MIGRATIONS).flatMap((name) =>
  readFileSync(join(MIGRATIONS, name), 'utf8')
    .replace(/^--.*$/gm, '')
    .split(/;\s*(?:\n|$)/)
    .filter((each) => each.trim() !== ''),
)

test.each([
  ...statements,
  "SELECT count() FROM statuses FINAL WHERE status = 'delivered' AND sms_id = {id:UInt64}",
  "SELECT 'into outfile; file() -- /* it''s \\' only text'",
  "WITH x AS (SELECT 1) SELECT arrayMap(y -> y + 1, [1, 2]), 1.5e-3, toDate('2026-01-01')::String FROM x;",
  kafkaTable('127.0.0.1:15000,localhost:15001'),
  kafkaTable('kafka-1:9092'),
  'SELECT number FROM numbers(10)',
  "SELECT engine FROM system.tables WHERE engine = 'Kafka'",
  'CREATE TABLE t ENGINE MergeTree ORDER BY a AS SELECT 1 AS a',
  'CREATE DATABASE IF NOT EXISTS smsgw',
])('what stays within the engine is taken: %.60s', (sql) => {
  expect(() => judge(sql)).not.toThrow()
})

test.each([
  "SELECT 1 INTO OUTFILE '/tmp/x'",
  "SELECT 1 into\noutfile '/tmp/x'",
  "INSERT INTO t FROM INFILE '/etc/passwd'",
  "SELECT file('/etc/shadow')",
  "SELECT FILE ('/etc/shadow')",
  "SELECT `file`('/etc/shadow')",
  'SELECT "file"(\'/etc/shadow\')',
  "SELECT `fi\\x6ce`('/etc/shadow')",
  "SELECT * APPLY file FROM (SELECT '/etc/shadow')",
  "SELECT * FROM file('/etc/shadow', LineAsString)",
  "SELECT catboostEvaluate('/tmp/x', 1)",
  "SELECT * FROM executable('id', CSV, 'a String')",
  "SELECT 1; SELECT 2 INTO OUTFILE '/tmp/x'",
  'SELECT 1; SELECT 2',
  "SELECT /* ' */ file('/etc/shadow') -- '",
  'SELECT 1 -- comment',
  "SELECT $$ ' $$ , file('/etc/shadow') , $$ ' $$",
  'SELECT ‘a’',
  "SELECT 1 SETTINGS format_schema = '/etc/passwd:x'",
  'SELECT * FROM {t:Identifier}',
  "SELECT * FROM eval('SELECT 1 FROM x')",
  "SELECT * FROM filesystem('/etc')",
  "SELECT * FROM `filesystem` ('/etc')",
  "SELECT * FROM A_New_One('x')",
  "SELECT aiGenerate('x')",
  "CREATE TABLE t (k String) ENGINE = EmbeddedRocksDB(0, '/tmp/x') PRIMARY KEY k",
  "CREATE TABLE t (k String) ENGINE EmbeddedRocksDB(0, '/tmp/x') PRIMARY KEY k",
  "CREATE TABLE t (k String) ENGINE = `EmbeddedRocksDB`(0, '/tmp/x') PRIMARY KEY k",
  "CREATE MATERIALIZED VIEW v ENGINE = EmbeddedRocksDB(0, '/tmp/x') PRIMARY KEY k AS SELECT k FROM t",
  'SET allow_ddl = 0',
  'USE system',
  "ATTACH TABLE t FROM '/etc' (a UInt8) ENGINE = MergeTree ORDER BY a",
  'SYSTEM SHUTDOWN',
  'GRANT ALL ON *.* TO default',
  "BACKUP TABLE t TO File('/tmp/x')",
  'INSERT INTO t FORMAT Values (1); SELECT 1',
  'INSERT INTO t FORMAT JSONEachRow {"a":1}',
  '',
  ';',
  "'select'",
  "SELECT 'unfinished",
  kafkaTable('10.0.0.1:9092'),
  kafkaTable('127.0.0.1:15000,169.254.169.254:80'),
  kafkaTable('127.0.0.1.evil.example:1'),
  kafkaTable(''),
  "CREATE TABLE k (a String) ENGINE = Kafka('10.0.0.1:9092', 't', 'g', 'CSV')",
  'CREATE TABLE k (a String) ENGINE = Kafka(collection)',
  "ALTER TABLE k MODIFY SETTING `kafka_broker_list` = '10.0.0.1:1'",
])('what reaches outside is refused: %s', (sql) => {
  expect(() => judge(sql)).toThrow(/ACCESS_DENIED/)
})

test('data is taken behind a plain INSERT alone, whatever it says', () => {
  const insert = (sql: string): void => judgeStatement(sql, true, RULES)
  expect(() => insert('INSERT INTO smsgw.statuses (a, b) FORMAT JSONEachRow')).not.toThrow()
  expect(() => insert('INSERT INTO migrations FORMAT JSONEachRow\n')).not.toThrow()
  for (const sql of [
    'INSERT INTO t FORMAT Values',
    "INSERT INTO FUNCTION file('/tmp/x', CSV) FORMAT JSONEachRow",
    'INSERT INTO t SETTINGS a = 1 FORMAT JSONEachRow',
    'SELECT 1',
    'INSERT INTO t FORMAT JSONEachRow {}; SELECT 1',
  ]) {
    expect(() => insert(sql)).toThrow(/ACCESS_DENIED/)
  }
})

test('no way to quote, break or case hides a call of file()', () => {
  const blank = fc.constantFrom('', ' ', '\n', '\t', '/**/', '--\n', '#\n')
  const noise = fc.constantFrom('', "''", "'\\''", '``', '""', '$$', '$a$', '/*', '*/', '\\', '‘', "'--'")
  const name = fc.constantFrom('file', 'FILE', 'File', '`file`', '"file"', '`fi\\le`')
  const statement = fc
    .tuple(noise, blank, name, blank, noise)
    .map(([before, gap, called, space, after]) => `SELECT ${before}${gap},${called}${space}('/etc/shadow')${after}`)
  fc.assert(
    fc.property(statement, (sql) => {
      expect(() => judge(sql)).toThrow()
    }),
    { numRuns: 2_000 },
  )
})
