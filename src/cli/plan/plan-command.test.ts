import { describe, expect, test } from 'vitest'
import { runSmsgw } from '../../../test/run-command-line.ts'
import type { CapacityPlan } from '../../tools/plan/capacity-plan.ts'

async function planOf(...args: string[]): Promise<CapacityPlan> {
  const { code, stdout } = await runSmsgw('plan', ...args, '--json')
  expect(code).toBe(0)
  return JSON.parse(stdout) as CapacityPlan
}

describe('the plan for 100 million a day is the one that was required', async () => {
  const plan = await planOf('--daily', '100000000', '--assumed')
  const { accepted, acceptedAtPeak, allTopics, allTopicsAtPeak, requiredMegabits } = plan.bandwidth

  test('average, peak: 1,157/s (planned as 1,200/s), 3,000/s', () => {
    expect(plan.load).toEqual({ averagePerSecond: 1_157, plannedPerSecond: 1_200, peakPerSecond: 3_000 })
  })

  test('message sizes accepted, delivery, status: 300, 250, 200 bytes', () => {
    expect(plan.disk.topics.map(({ topic, messageBytes }) => [topic, messageBytes])).toEqual([
      ['sms.accepted', 300],
      ['sms.delivery', 250],
      ['sms.status', 200],
    ])
  })

  test('in, average and peak: 360 KB/s = 2.88 Mbps, 900 KB/s = 7.2 Mbps', () => {
    expect(accepted.in).toEqual({ bytesPerSecond: 360_000, shown: '360 KB/s', megabitsPerSecond: 2.88 })
    expect(acceptedAtPeak.in).toEqual({ bytesPerSecond: 900_000, shown: '900 KB/s', megabitsPerSecond: 7.2 })
  })

  test('out to three readers: 1.1 MB/s; bits from the exact 1,080 KB/s, which the requirements round before: 8.64 Mbps, not 8.8', () => {
    expect(plan.input.readers).toBe(3)
    expect(accepted.out).toEqual({ bytesPerSecond: 1_080_000, shown: '1.1 MB/s', megabitsPerSecond: 8.64 })
  })

  test('replication: 5.76 Mbps', () => {
    expect(accepted.replication.megabitsPerSecond).toBe(5.76)
  })

  test('total 15–20 Mbps on average, 50 at the peak: of sms.accepted, and more of all topics', () => {
    expect(requiredMegabits).toEqual({ average: [15, 20], peak: 50 })
    const [average, peak] = [accepted.total.megabitsPerSecond, acceptedAtPeak.total.megabitsPerSecond]
    expect([average, peak]).toEqual([17.28, 43.2])
    expect(average).toBeGreaterThanOrEqual(15)
    expect(average).toBeLessThanOrEqual(20)
    expect(peak).toBeLessThanOrEqual(50)
    expect([allTopics.total.megabitsPerSecond, allTopicsAtPeak.total.megabitsPerSecond]).toEqual([40.32, 100.8])
  })

  test('memory and network of a broker', () => {
    expect(plan.brokers).toMatchObject({
      needs: { floor: 5, byData: 1, byCores: 1 },
      heapGib: 5,
      memoryGibMin: 7,
      memoryGib: 32,
      receives: { megabitsPerSecond: 10.8 },
      receivesOneLost: { megabitsPerSecond: 13.5 },
      networkGbps: 1,
    })
  })

  test('a floor is shown beside what the load needs, and a group that does not exist is marked and not counted', () => {
    const rows = plan.consumers.map(({ name, neededByLoad, floor, isPlanned }) => [
      name,
      neededByLoad,
      floor,
      isPlanned,
    ])
    expect(rows).toContainEqual(['workers', 5, 10, false])
    expect(rows.filter(([, , , isPlanned]) => isPlanned)).toEqual([['analytics', 1, 5, true]])
    expect(plan.drain.map(({ group }) => group)).not.toContain('analytics')
  })

  test('disk accepted, delivery, status, raw, compressed, replicated: 210, 70, 210; 75, 25, 75; 140, 47, 141 GB', () => {
    expect(plan.input).toMatchObject({ compressionRatio: 3, replicationFactor: 3 })
    expect(
      plan.disk.topics.map(({ rawGb, compressedGb, replicatedGb }) => [rawGb, compressedGb, replicatedGb]),
    ).toEqual([
      [210, 70, 210],
      [75, 25, 75],
      [140, 47, 141],
    ])
  })

  test('total 426 GB; of 5 brokers about 85 GB each; 1 TB recommended, 12× headroom', () => {
    expect(plan.brokers.count).toBe(5)
    expect(plan.disk).toMatchObject({ totalGb: 426, perBrokerGb: 85, perBrokerTb: 1, headroom: 12 })
  })

  test('per partition of sms.accepted: 40/s', () => {
    expect(plan.topics[0]).toMatchObject({ topic: 'sms.accepted', partitions: 30, perPartitionPerSecond: 40 })
  })

  test('ClickHouse 10 consumers × 3 partitions, analytics 5 × 6, workers 10 × 5, at most 50', () => {
    const group = (name: string) => {
      const { consumers, partitionsEach, consumersMax } = plan.consumers.find((each) => each.name === name)!
      return [consumers, partitionsEach, consumersMax]
    }
    expect([group('ClickHouse'), group('analytics'), group('workers')]).toEqual([
      [10, 3, 30],
      [5, 6, 30],
      [10, 5, 50],
    ])
  })

  test('the table shows the same', async () => {
    const { stdout } = await runSmsgw('plan', '--daily', '100000000')
    for (const row of [
      '1,157/s on average, planned as 1,200/s; 3,000/s at the peak',
      /sms\.accepted, in +360 KB\/s +2\.88 Mbps/,
      /sms\.accepted, in, peak +900 KB\/s +7\.2 Mbps/,
      /sms\.accepted, out to 3 readers +1\.1 MB\/s +8\.64 Mbps/,
      /sms\.accepted, replication +720 KB\/s +5\.76 Mbps/,
      /sms\.accepted +300 +7 d +210 +70 +210/,
      /sms\.delivery +250 +3 d +75 +25 +75/,
      /sms\.status +200 +7 d +140 +47 +141/,
      /total +426/,
      'about 85 GB on each of 5 brokers; recommended 1 TB each: 12× headroom',
    ]) {
      expect(stdout).toMatch(row)
    }
  })
})

test('every option changes the plan', async () => {
  const plan = await planOf(
    ...['--daily', '200_000_000', '--peak', '9000', '--growth', '1.5', '--brokers', '7', '--replication-factor', '2'],
    ...[
      '--retention',
      'accepted=36h,status=2d',
      '--bytes',
      '100',
      '--partitions',
      'delivery=40',
      '--status-events',
      '4',
    ],
    ...['--compression', '2', '--readers', '1', '--disk', '0.5', '--cores', '4', '--primaries', '3'],
    ...['--clickhouse-servers', '2', '--binds', '200', '--outage-minutes', '10'],
    ...['--worker-rate', '700', '--consumer-rate', '900', '--postgres-rate', '4000', '--bind-rate', '50'],
  )
  expect(plan.input).toMatchObject({
    daily: 200_000_000,
    peakPerSecond: 9_000,
    growth: 1.5,
    brokers: 7,
    replicationFactor: 2,
    retentionDays: { accepted: 1.5, delivery: 3, status: 2 },
    bytes: { accepted: 100, delivery: 100, status: 100 },
    partitions: { accepted: null, delivery: 40, status: null },
    statusEvents: 4,
    compressionRatio: 2,
    readers: 1,
    diskTb: 0.5,
    brokerCores: 4,
    postgresPrimaries: 3,
    clickhouseServers: 2,
    binds: 200,
    outageMinutes: 10,
  })
  expect(plan.load.peakPerSecond).toBe(13_500)
  expect(plan.oneBrokerLost).toMatchObject({ brokersLeft: 6, writesContinue: false })
  expect(plan.rates.worker).toEqual({ perSecond: 700, source: 'given', basis: 'on the command line' })
  expect(plan.rates.consumePartition.perSecond).toBe(900)
})

test('what is never over is null in JSON and "never" in the table', async () => {
  const slow = ['--binds', '10', '--bind-rate', '100']
  const { drain } = await planOf(...slow)
  expect(drain.find(({ group }) => group === 'operators')).toMatchObject({
    secondsAtAverage: null,
    secondsAtPeak: null,
  })
  expect((await runSmsgw('plan', ...slow)).stdout).toMatch(/operators +never +never/)
})

test('any load can be printed', async () => {
  for (const args of [
    ['--daily', '1', '--replication-factor', '1', '--brokers', '1'],
    ['--daily', '1_000_000_000_000'],
  ]) {
    const { code, stdout } = await runSmsgw('plan', ...args)
    expect(code).toBe(0)
    expect(stdout).not.toMatch(/NaN|undefined|Infinity|∞/)
  }
})

test.each([
  [['--daily', '0'], 'must be a whole number from 1'],
  [['--daily', '-5'], 'must be a whole number from 1'],
  [['--daily', '1.5'], 'must be a whole number from 1'],
  [['--daily', 'many'], 'must be a whole number from 1'],
  [['--growth', '0.5'], 'must be a number from 1'],
  [['--compression', '0'], 'must be a number from 1'],
  [['--disk', '0'], 'must be a number of terabytes above 0'],
  [['--retention', '0d'], 'must be a time such as 7d or 36h'],
  [['--retention', 'accepted=soon'], 'must be a time such as 7d or 36h'],
  [['--bytes', 'dlq=300'], '"dlq" is none of accepted, delivery, status'],
  [['--peak', '1000'], 'so the peak cannot be 1000/s: give a --peak of 1200 or more'],
  [['--brokers', '2'], '3 replicas need at least 3 brokers, and there are 2'],
  [['--file', 'no-such-file.yaml'], 'no such file'],
])('%j is refused with a sentence', async (args, sentence) => {
  const { code, stdout, stderr } = await runSmsgw('plan', ...args)
  expect(code).toBe(args[0] === '--file' ? 1 : 2)
  expect(stdout).toBe('')
  expect(stderr).toContain(sentence)
  expect(stderr).not.toMatch(/^\s+at /m)
})

test('the help has examples, and each of them runs', async () => {
  const { code, stdout } = await runSmsgw('plan', '--help')
  expect(code).toBe(0)
  const examples = [...stdout.matchAll(/\$ smsgw plan(.*)/g)].map(([, line]) => line!.replace(/#.*/, '').trim())
  expect(examples.length).toBeGreaterThan(3)
  for (const line of examples) expect((await runSmsgw('plan', ...line.split(' ').filter(Boolean))).code).toBe(0)
})
