import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { createProgram } from '../src/cli/command-line.ts'
import { ADMIN_ACTS, type AdminActKind } from '../src/events/admin-act.ts'

/*
  Each command either changes nothing, which PostgreSQL holds it to (`withDatabase` opens read-only connections), or
  leaves an act. A new command is in neither list, and this test names it. test/contract/audit.test.ts runs those that
  change PostgreSQL.
*/

/** The act of each command that changes what others use; `sms.dlq` where the act is a record there (decision 0013). */
const CHANGING: Record<string, AdminActKind | 'sms.dlq'> = {
  'customers create': 'customer.created',
  'customers top-up': 'customer.topped-up',
  'customers express': 'customer.express-set',
  'keys create': 'key.created',
  'keys revoke': 'key.revoked',
  'webhooks create': 'webhook.created',
  'webhooks disable': 'webhook.disabled',
  'webhooks enable': 'webhook.enabled',
  'webhooks delete': 'webhook.deleted',
  'webhooks retry': 'webhook.retried',
  'webhooks discard': 'webhook.discarded',
  'operators apply': 'operators.applied',
  'portability import': 'portability.imported',
  'topics apply': 'topics.changed',
  'topics add-partitions': 'topics.changed',
  'topics elect-leaders': 'leaders.elected',
  'topics reassignments': 'reassignment.ended',
  'groups reset': 'group.reset',
  replay: 'records.replayed',
  'dlq edit': 'sms.dlq',
  'dlq redrive': 'sms.dlq',
  'dlq discard': 'sms.dlq',
  'audit archive': 'audit.archived',
  'audit key': 'audit.key-rotated',
}

/** Commands that change nothing but files of the caller, or act as a customer does. */
const READING = [
  ...['up', 'run', 'smsc', 'send', 'segments', 'lag', 'bench', 'chaos', 'plan', 'doctor', 'dashboards'],
  ...['groups list', 'dlq list', 'dlq show', 'under-replicated', 'deploy generate', 'deploy access', 'config show'],
  ...['customers list', 'keys list', 'webhooks list', 'webhooks show', 'audit verify'],
  ...['operators list', 'operators show', 'operators plan', 'operators receipts', 'incoming list', 'routes explain'],
  ...['topics describe', 'topics plan'],
]

function leavesOf(command: Command, path: readonly string[] = []): string[] {
  if (command.commands.length === 0) return [path.join(' ')]
  return command.commands.flatMap((each) => leavesOf(each, [...path, each.name()]))
}

const commands = leavesOf(createProgram(() => {}))

test('every command is known to change nothing, or to leave an act', () => {
  expect(commands.length).toBeGreaterThan(40)
  expect(commands.filter((name) => !READING.includes(name) && !Object.hasOwn(CHANGING, name))).toEqual([])
  expect([...READING, ...Object.keys(CHANGING)].filter((name) => !commands.includes(name))).toEqual([])
})

test("every act is some command's, and every changing command takes the name of the person", () => {
  expect(ADMIN_ACTS.filter((act) => !Object.values(CHANGING).includes(act))).toEqual([])
  const named = (path: string): Command =>
    path.split(' ').reduce(
      (at, name) => at.commands.find((each) => each.name() === name)!,
      createProgram(() => {}),
    )
  const nameless = Object.keys(CHANGING).filter((path) => !named(path).options.some(({ long }) => long === '--by'))
  expect(nameless).toEqual([])
})

const CLI = join(import.meta.dirname, '../src/cli')
const sources = readdirSync(CLI, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => ({ name: basename(name), text: readFileSync(join(CLI, name), 'utf8') }))

test('commands write PostgreSQL by changeDatabase; the others whose changes record themselves are known', () => {
  const writing = sources.filter(({ text }) => text.includes('withWritableDatabase')).map(({ name }) => name)
  const known = ['audit-archive-command.ts', 'dlq-change-commands.ts', 'dlq-edit-command.ts', 'replay-command.ts']
  expect(writing.filter((name) => name !== 'find-servers.ts').sort()).toEqual(known)
  expect(sources.filter(({ text }) => /createPool\(/.test(text)).map(({ name }) => name)).toEqual(['find-servers.ts'])
})

test('commands that change Kafka record it before', () => {
  const changing = /\b(applyPlan|electPreferredLeaders|reassignPartitions|applyReset|replayRecords|publishAnchor)\(/
  const silent = sources.filter(({ text }) => changing.test(text) && !/recordKafkaAct\(|changeDatabase\(/.test(text))
  expect(silent.map(({ name }) => name)).toEqual([])
})

test('every admin route that changes something records the name of its caller', () => {
  const routes = readFileSync(join(CLI, '../dead-letters/dead-letter-routes.ts'), 'utf8')
  const changing = routes
    .split(/\n {2}route\(app, /)
    .slice(1)
    .filter((route) => !route.startsWith("'GET'"))
  expect(changing.length).toBeGreaterThanOrEqual(3)
  expect(changing.filter((route) => !route.includes('actorOf(request)'))).toEqual([])
  const admin = ['../dead-letters', '../tools/operators', '../process/supervisor', '../admin'].flatMap((folder) =>
    readdirSync(join(CLI, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'dead-letter-routes.ts')
      .map((name) => ({ name, text: readFileSync(join(CLI, folder, name), 'utf8') })),
  )
  const others = admin.filter(({ text }) => /\b(app|api|admin)\.(route|post|put|patch|delete)[(<]/.test(text))
  expect(others.map(({ name }) => name)).toEqual([])
})
