import { splitTokens, type Token } from './split-tokens.ts'

/** What a statement may begin with: nothing that changes the session, which all clients share, or the engine. */
const BEGINNINGS = new Set(
  'select with insert create drop alter optimize truncate show describe desc exists explain ('.split(' '),
)
/**
 * Words that reach files and programs past the grants (engine-users.xml): the first two are carried out by the embedded
 * client itself, the others are functions without a grant of their own. `identifier` would put a name in later.
 */
const REFUSED = new Set(
  'outfile infile file catboostevaluate executable executablepool format_schema kafka_schema identifier'.split(' '),
)
/**
 * Engines whose tables lie in the engine's own folder, and Kafka's; grants let others pass, such as EmbeddedRocksDB
 * with a path.
 */
const ENGINES = new Set(
  'atomic mergetree replacingmergetree aggregatingmergetree summingmergetree memory log null kafka'.split(' '),
)
/** Table functions that read neither files nor addresses, nor text that is SQL again (`eval`). */
const TABLE_FUNCTIONS = new Set(
  'numbers numbers_mt zeros zeros_mt primes generateseries generate_series generaterandom values null format merge'.split(
    ' ',
  ),
)
/** Of a statement, as opposed to the data behind it. */
const CHARACTERS_MAX = 262_144
/** The only statement that data may follow: what it inserts is then no SQL to the end. */
const INSERT_WITH_DATA = /^\s*INSERT\s+INTO\s+[\w.]+\s*(?:\([\w\s,]*\)\s*)?FORMAT\s+JSON[A-Za-z]*\s*$/i

/** Statements that this engine refuses; the message says why, in ClickHouse's own form. */
export class RefusedStatementError extends Error {
  override readonly name = 'RefusedStatementError'

  constructor(why: string) {
    super(`Code: 497. DB::Exception: The embedded engine refuses this: ${why}. (ACCESS_DENIED)`)
  }
}

export interface StatementRules {
  /** Brokers (host:port) that Kafka tables may name, besides those on this machine. */
  readonly brokers: ReadonlySet<string>
  /** All that the engine has, by name in lower case; those that are not known here are refused. */
  readonly tableFunctions: ReadonlySet<string>
}

/**
 * A second defence behind the engine's grants: throws RefusedStatementError unless this is one statement that stays
 * within the engine's own tables.
 */
export function judgeStatement(sql: string, hasData: boolean, rules: StatementRules): void {
  if (sql.length > CHARACTERS_MAX) throw new RefusedStatementError(`it has more than ${CHARACTERS_MAX} characters`)
  if (hasData) {
    if (INSERT_WITH_DATA.test(sql)) return
    throw new RefusedStatementError('data may only follow INSERT INTO table FORMAT JSON…')
  }
  const tokens = tokensOf(sql)
  if (tokens.at(-1)?.value === ';') tokens.pop()
  const [first] = tokens
  if (!first || first.kind === 'string' || !BEGINNINGS.has(first.value)) {
    throw new RefusedStatementError(`a statement begins with one of ${[...BEGINNINGS].join(' ')}`)
  }
  const isStatementEnd = ({ kind, value }: Token): boolean => kind === 'sign' && value === ';'
  if (tokens.some(isStatementEnd)) throw new RefusedStatementError('one statement at a time')
  if (first.value === 'insert' && tokens.some(isWord('format'))) {
    throw new RefusedStatementError('data goes into the body, and its INSERT into the parameter `query`')
  }
  const refused = tokens.find(({ kind, value }) => (kind === 'word' || kind === 'name') && REFUSED.has(value))
  if (refused) throw new RefusedStatementError(`"${refused.value}" reaches outside of the engine`)
  judgeCalls(tokens, rules.tableFunctions)
  if (first.value === 'create') judgeEngines(tokens)
  judgeBrokers(tokens, rules.brokers)
}

function tokensOf(sql: string): Token[] {
  try {
    return splitTokens(sql)
  } catch (error) {
    throw new RefusedStatementError((error as Error).message)
  }
}

function isWord(word: string): (token: Token) => boolean {
  return ({ kind, value }) => kind === 'word' && value === word
}

function judgeCalls(tokens: readonly Token[], tableFunctions: ReadonlySet<string>): void {
  for (const [at, { kind, value }] of tokens.entries()) {
    if ((kind !== 'word' && kind !== 'name') || tokens[at + 1]?.value !== '(') continue
    const isForeign = tableFunctions.has(value) && !TABLE_FUNCTIONS.has(value)
    // aiGenerate, aiEmbed and the like ask a server.
    if (isForeign || /^ai[a-z]+$/.test(value))
      throw new RefusedStatementError(`"${value}()" reaches outside of the engine`)
  }
}

/** `ENGINE = name` or `ENGINE name`. */
function judgeEngines(tokens: readonly Token[]): void {
  for (const [at, token] of tokens.entries()) {
    if (!isWord('engine')(token)) continue
    const name = tokens[at + 1]?.value === '=' ? tokens[at + 2] : tokens[at + 1]
    if (!ENGINES.has(name?.value ?? ''))
      throw new RefusedStatementError(`the engine is one of ${[...ENGINES].join(' ')}`)
  }
}

/** `kafka_broker_list = '…'`, its only form: neither positional arguments nor a named collection. */
function judgeBrokers(tokens: readonly Token[], brokers: ReadonlySet<string>): void {
  for (const [at, { kind, value }] of tokens.entries()) {
    if (kind !== 'word' && kind !== 'name') continue
    if (value === 'kafka' && tokens[at + 1]?.value === '(') {
      throw new RefusedStatementError('a Kafka table names its brokers by the setting kafka_broker_list')
    }
    if (value !== 'kafka_broker_list') continue
    const list = tokens[at + 1]?.value === '=' && tokens[at + 2]?.kind === 'string' ? tokens[at + 2]!.value : ''
    const foreign = list.split(',').find((address) => !isLoopback(address) && !brokers.has(address))
    if (foreign !== undefined) throw new RefusedStatementError(`"${foreign}" is none of the gateway's brokers`)
  }
}

function isLoopback(address: string): boolean {
  return /^(127\.0\.0\.1|localhost|\[::1\]):[0-9]{1,5}$/.test(address)
}
