import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { filesIn, PROMETHEUS } from '../alerts/read-alerts.ts'
import { findPromtool } from '../servers/promtool.ts'

const run = promisify(execFile)

test('promtool accepts the rules, and each alert fires and stays silent as its tests say', async () => {
  const promtool = await findPromtool()
  const rules = filesIn(PROMETHEUS, '.rules.yml')
  const tests = filesIn(join(PROMETHEUS, 'tests'), '.test.yml')
  expect(tests).toHaveLength(rules.length)
  const [config, checked, tested] = await Promise.all([
    run(promtool, ['check', 'config', join(PROMETHEUS, 'prometheus.yml')]),
    run(promtool, ['check', 'rules', ...rules]),
    run(promtool, ['test', 'rules', ...tests]),
  ])
  expect(config.stdout).toContain('SUCCESS')
  expect(checked.stdout.match(/SUCCESS/g)).toHaveLength(rules.length)
  expect(tested.stdout.match(/SUCCESS/g)).toHaveLength(tests.length)
})
