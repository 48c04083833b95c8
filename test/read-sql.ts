import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { declarationsOf, ROOT, type SourceFile } from './read-source.ts'

/** A column of the schema as the migrations leave it. */
export interface Column {
  readonly table: string
  readonly column: string
  /** PostgreSQL writes it: a default, an identity, or a trigger of a migration. */
  readonly isFilled: boolean
}

/** The columns that a list of migrations, in their order, leaves. */
export function finalColumns(migrations: readonly string[]): Column[] {
  const columns = new Map<string, Column>()
  const add = (table: string, definition: string): void => {
    const [, column] = /^\s*([a-z_]+)\s+[a-z]/.exec(definition) ?? []
    if (column === undefined) return
    const isFilled = /\bDEFAULT (now|pg_\w+)\(\)|\bGENERATED\b/.test(definition)
    columns.set(`${table}.${column}`, { table, column, isFilled })
  }
  for (const sql of migrations.map(withoutSqlComments)) {
    for (const [, table, rest] of sql.matchAll(
      /CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?([a-z_]+) (\([\s\S]*?\n\))/g,
    )) {
      for (const definition of rest!.slice(1, -1).split(/,\n/)) add(table!, definition)
    }
    for (const [, table, changes] of sql.matchAll(/ALTER TABLE ([a-z_]+)\s([^;]*);/g)) {
      for (const change of changes!.split(/,\s*(?=ADD|DROP|ALTER)/)) {
        const [, added] = /^\s*ADD COLUMN (?:IF NOT EXISTS )?([\s\S]*)/.exec(change) ?? []
        if (added !== undefined) add(table!, added)
        const [, dropped] = /^\s*DROP COLUMN (?:IF EXISTS )?([a-z_]+)/.exec(change) ?? []
        if (dropped !== undefined) columns.delete(`${table}.${dropped}`)
      }
    }
    for (const [, table] of sql.matchAll(/DROP TABLE (?:IF EXISTS )?([a-z_]+)/g)) {
      for (const name of columns.keys()) if (name.startsWith(`${table}.`)) columns.delete(name)
    }
  }
  return [...columns.values()]
}

export function postgresMigrations(): string[] {
  const folder = join(ROOT, 'migrations/postgres')
  const names = readdirSync(folder).filter((name) => name.endsWith('.sql'))
  return names.sort().map((name) => readFileSync(join(folder, name), 'utf8'))
}

function withoutSqlComments(sql: string): string {
  return sql.replace(/--.*$/gm, '')
}

/** A statement of the source: the text of a literal, with the declarations of what it is composed of. */
export interface Statement {
  readonly path: string
  readonly text: string
  /** The declarations of what the placeholders in a piece of it name. */
  declared(code: string): string
}

const SQL = /\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|COPY)\s/

/** The statements in the literals of source files. */
export function statementsIn(files: readonly Pick<SourceFile, 'path' | 'text' | 'imports'>[]): Statement[] {
  const byPath = new Map(files.map((file) => [file.path, file]))
  return files.flatMap((file) => {
    const visible = [file, ...file.imports.flatMap((path) => byPath.get(path) ?? [])]
    const declared = (code: string): string => declarationsBehind(code, visible)
    return literalsIn(file.text)
      .filter((text) => SQL.test(text))
      .map((text) => ({ path: file.path, text: withoutSqlComments(text + declared(text)), declared }))
  })
}

/** So deep a statement may be composed of constants of constants. */
const DEPTH_MAX = 4

/** The declarations that the placeholders of a text name, and what those name. */
function declarationsBehind(literal: string, files: readonly Pick<SourceFile, 'text'>[]): string {
  const seen = new Set<string>()
  const expand = (text: string, depth: number): string => {
    if (depth > DEPTH_MAX) return ''
    const inPlaceholders = [...text.matchAll(/\$\{([^}]*)/g)].flatMap(([, code]) => code!.match(/[A-Za-z_]\w*/g) ?? [])
    // Of a declaration also the constants that it takes from.
    const names = [...inPlaceholders, ...(depth > 0 ? (text.match(/\b[A-Z][A-Z_]+\b/g) ?? []) : [])]
    const declared = names.flatMap((name) => {
      if (seen.has(name)) return []
      seen.add(name)
      return files.flatMap((file) => declarationsOf(name, file.text))
    })
    return declared.map((each) => `\n${each}${expand(each, depth + 1)}`).join('')
  }
  return expand(literal, 0)
}

/** The texts of a file's string literals; one of a template has its placeholders in it, with the literals in those. */
export function literalsIn(source: string): string[] {
  const literals: string[] = []
  let at = 0
  while (at < source.length) {
    const two = source.slice(at, at + 2)
    if (two === '//') at = endOf(source, '\n', at)
    else if (two === '/*') at = endOf(source, '*/', at + 2)
    else if (source[at] === '/' && /[(,=:[!&|?{};]\s*$|\breturn\s+$/.test(source.slice(Math.max(0, at - 20), at))) {
      at = endOfRegExp(source, at)
    } else if (source[at] === "'" || source[at] === '"' || source[at] === '`') {
      const end = source[at] === '`' ? endOfTemplate(source, at) : endOfString(source, at)
      literals.push(source.slice(at + 1, end - 1))
      at = end
    } else at++
  }
  return literals
}

function endOf(source: string, closing: string, from: number): number {
  const end = source.indexOf(closing, from)
  return end < 0 ? source.length : end + closing.length
}

function endOfString(source: string, from: number): number {
  let at = from + 1
  while (at < source.length && source[at] !== source[from]) at += source[at] === '\\' ? 2 : 1
  return at + 1
}

function endOfRegExp(source: string, from: number): number {
  let at = from + 1
  let isClass = false
  while (at < source.length && source[at] !== '\n' && (isClass || source[at] !== '/')) {
    if (source[at] === '[') isClass = true
    if (source[at] === ']') isClass = false
    at += source[at] === '\\' ? 2 : 1
  }
  return at + 1
}

function endOfTemplate(source: string, from: number): number {
  let at = from + 1
  while (at < source.length && source[at] !== '`') {
    if (source.startsWith('${', at)) at = endOfPlaceholder(source, at + 2)
    else at += source[at] === '\\' ? 2 : 1
  }
  return at + 1
}

function endOfPlaceholder(source: string, from: number): number {
  let at = from
  for (let depth = 1; at < source.length && depth > 0; ) {
    if (source[at] === '`') at = endOfTemplate(source, at)
    else if (source[at] === "'" || source[at] === '"') at = endOfString(source, at)
    else {
      if (source[at] === '{') depth++
      if (source[at] === '}') depth--
      at++
    }
  }
  return at
}
