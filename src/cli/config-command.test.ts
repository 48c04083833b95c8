import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { COMMIT_LOSS } from '../kafka/consumer/consumer-options.ts'
import { PRODUCER_LOSS } from '../kafka/producer/producer-options.ts'
import { allSettings } from './config-command.ts'

const SOURCE = join(import.meta.dirname, '..')
const shown = Object.values(allSettings()).flatMap((settings) => Object.entries(settings))

test('every setting that is declared anywhere is shown', () => {
  const declared = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .flatMap((path) => [
      ...readFileSync(join(SOURCE, path), 'utf8').matchAll(
        /^ {2}([A-Z][A-Z0-9_]+): (?:text|secret|integer|fraction|choice)\(/gm,
      ),
    ])
    .map(([, name]) => name!)
  expect(declared).toContain('RECEIPTS_PORT')
  expect(declared.filter((name) => !shown.some(([other]) => other === name))).toEqual([])
})

test('a choice that may lose messages says so, and what', () => {
  const docs = new Map(shown.map(([name, { doc }]) => [name, doc]))
  expect(docs.get('KAFKA_PRODUCER')).toContain(PRODUCER_LOSS.fast)
  expect(docs.get('DELIVERY_COMMIT')).toContain(COMMIT_LOSS.enqueue)
})

test('what is secret by its name is not shown', () => {
  const open = shown.filter(([name, { secret }]) => /PASSWORD$|API_KEY$|AUTHORIZATION$/.test(name) && !secret)
  expect(open.map(([name]) => name)).toEqual([])
})
