import { expect, test } from 'vitest'
import { examineDatabase, examineKafka } from '../../src/ops/doctor/examine.ts'
import { freshDatabase, testCluster } from '../servers/fixtures.ts'

test('every setting that is asked for is one that Kafka 4 knows, and differences are found on a live broker', async () => {
  const findings = await examineKafka(testCluster())
  expect(findings.length).toBeGreaterThan(10)
  expect(findings.filter(({ what }) => what.includes('(not told)'))).toEqual([])
  expect(findings.find(({ what }) => what.startsWith('num.io.threads'))).toMatchObject({
    level: 'warning',
    what: 'num.io.threads = 8, which is Kafka’s default; it should be 16',
  })
  expect(findings.find(({ what }) => what.startsWith('auto.create.topics.enable'))?.level).toBe('ok')
  expect(findings.filter(({ level }) => level === 'fault')).toEqual([])
})

test('the embedded PostgreSQL loses nothing that was accepted', async () => {
  const findings = await examineDatabase(await freshDatabase(), 12)
  expect(findings.filter(({ level }) => level === 'fault')).toEqual([])
  expect(findings.map(({ what }) => what)).toEqual(
    expect.arrayContaining([
      'fsync = on',
      'synchronous_commit = on',
      'is the primary',
      expect.stringMatching(/^PostgreSQL 18/),
    ]),
  )
})
