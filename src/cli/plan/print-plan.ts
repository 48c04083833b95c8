import type { Bandwidth, CapacityPlan, Limit } from '../../tools/plan/capacity-plan.ts'
import { RATES, type RateName } from '../../tools/plan/plan-rates.ts'
import { remedyFor } from '../../tools/plan/remedies.ts'

type Cell = string | number

/** Prints a plan as tables, a section for each question that it answers. */
export function printPlan(plan: CapacityPlan): void {
  for (const section of [
    load,
    bandwidth,
    disk,
    stores,
    partitions,
    consumers,
    servers,
    brokers,
    drain,
    limits,
    rates,
  ]) {
    console.log(section(plan).join('\n'))
    if (section !== rates) console.log()
  }
}

function load({ load: each, input }: CapacityPlan): string[] {
  const { averagePerSecond, plannedPerSecond, peakPerSecond } = each
  const growth = input.growth === 1 ? '' : `, times ${input.growth}`
  return [
    `${figure(input.daily)} messages a day${growth}`,
    `  ${figure(averagePerSecond)}/s on average, planned as ${figure(plannedPerSecond)}/s; ${figure(peakPerSecond)}/s at the peak`,
  ]
}

function bandwidth({ bandwidth: all, input }: CapacityPlan): string[] {
  const { accepted, acceptedAtPeak, allTopics, allTopicsAtPeak, requiredMegabits } = all
  const row = (name: string, { shown, megabitsPerSecond }: Bandwidth): Cell[] => [
    name,
    shown,
    megabits(megabitsPerSecond),
  ]
  const lines = table(
    'BANDWIDTH',
    ['', 'BYTES', 'BITS'],
    [
      row('sms.accepted, in', accepted.in),
      row('sms.accepted, in, peak', acceptedAtPeak.in),
      row(`sms.accepted, out to ${count(input.readers, 'reader')}`, accepted.out),
      row('sms.accepted, replication', accepted.replication),
      row('sms.accepted, total', accepted.total),
      row('sms.accepted, total, peak', acceptedAtPeak.total),
      row('all topics, in, peak', allTopicsAtPeak.in),
      row('all topics, out, peak', allTopicsAtPeak.out),
      row('all topics, replication, peak', allTopicsAtPeak.replication),
      row('all topics, total', allTopics.total),
      row('all topics, total, peak', allTopicsAtPeak.total),
    ],
  )
  if (requiredMegabits === null) return lines
  const [from, to] = requiredMegabits.average
  return [
    ...lines,
    `  the requirements state ${from}–${to} Mbps on average and ${requiredMegabits.peak} Mbps at the peak: that is the`,
    '  total of sms.accepted (in, out to its readers, replication), before compression; all topics are more',
  ]
}

function disk({
  disk: { topics, totalGb, perBrokerGb, perBrokerTb, headroom },
  brokers,
  input,
}: CapacityPlan): string[] {
  const rows = topics.map((topic) => [
    topic.topic,
    topic.messageBytes,
    days(topic.retentionDays),
    topic.rawGb,
    topic.compressedGb,
    topic.replicatedGb,
  ])
  const headings = ['', 'BYTES', 'KEPT', 'RAW GB', `÷ ${input.compressionRatio} GB`, `× ${input.replicationFactor} GB`]
  return [
    ...table('DISK', headings, [...rows, ['total', '', '', '', '', totalGb]]),
    `  about ${figure(perBrokerGb)} GB on each of ${count(brokers.count, 'broker')}; ` +
      `${input.diskTb === null ? 'recommended' : 'with'} ${figure(perBrokerTb)} TB each: ${figure(headroom)}× headroom`,
  ]
}

function stores({ stores: rows }: CapacityPlan): string[] {
  return table(
    'STORES beside Kafka, one copy of each',
    ['', 'BYTES', 'KEPT', 'GB A DAY', 'GB', ''],
    rows.map(({ store, bytes, keptDays, dailyGb, totalGb, basis }) => [
      store,
      bytes,
      days(keptDays),
      dailyGb,
      totalGb,
      basis,
    ]),
  )
}

function partitions({ topics, brokers }: CapacityPlan): string[] {
  const headings = ['', 'PARTITIONS', 'NEEDED', 'EACH/S', 'EACH/S, PEAK']
  return [
    ...table(
      'PARTITIONS',
      headings,
      topics.map(
        ({ topic, partitions: have, neededPartitions, perPartitionPerSecond, perPartitionPerSecondAtPeak }) => [
          topic,
          have,
          neededPartitions,
          perPartitionPerSecond,
          perPartitionPerSecondAtPeak,
        ],
      ),
    ),
    `  at least as many as declared; ${figure(brokers.partitionReplicasEach)} replicas on each broker`,
  ]
}

function consumers(plan: CapacityPlan): string[] {
  return [
    ...table(
      'CONSUMERS',
      ['', 'TOPIC', 'CONSUMERS', 'NEEDED', 'AT LEAST', 'AT MOST', 'PARTITIONS EACH', 'TAKE/S', 'USED, PEAK'],
      plan.consumers.map((group) => [
        group.isPlanned ? `(${group.name})` : group.name,
        group.topic,
        group.consumers,
        group.neededByLoad,
        group.floor,
        group.consumersMax,
        group.partitionsEach,
        group.takesPerSecond,
        percent(group.used),
      ]),
    ),
    '  needed by the load; at least is a floor whatever the load, shared evenly; at most as many as partitions',
    '  a group in brackets is planned and does not exist yet: nothing below counts it',
  ]
}

function servers({ processes }: CapacityPlan): string[] {
  return table(
    'OTHER PROCESSES AND SERVERS',
    ['', 'COUNT', 'NEEDED', 'AT LEAST', 'AT MOST', 'USED, PEAK'],
    processes.map(({ name, count: have, neededByLoad, floor, countMax, used }) => {
      return [name, have, neededByLoad, floor ?? '–', countMax ?? '–', percent(used)]
    }),
  )
}

function brokers(plan: CapacityPlan): string[] {
  const { count: have, needs, cores, memoryGib, memoryGibMin, heapGib, networkGbps } = plan.brokers
  const { receives, sends, receivesOneLost, sendsOneLost } = plan.brokers
  const each = (a: Bandwidth, b: Bandwidth): string =>
    `receives ${megabits(a.megabitsPerSecond)} and sends ${megabits(b.megabitsPerSecond)}`
  return [
    `BROKERS: ${count(have, 'broker')} of ${count(cores, 'core')}, ${figure(memoryGib)} GiB, ${figure(networkGbps)} Gbit/s`,
    `  needed: ${needs.byData} by data, ${needs.byCores} by cores; at least ${needs.floor}, two more than replicas`,
    `  memory: at least ${figure(memoryGibMin)} GiB, of which ${heapGib} GiB heap and the rest page cache`,
    `  network of each at the peak: ${each(receives, sends)}`,
    ...(have > 1 ? [`  with one lost: ${each(receivesOneLost, sendsOneLost)}`] : []),
    ...brokerLoss(plan),
  ]
}

function brokerLoss({ oneBrokerLost: lost, input }: CapacityPlan): string[] {
  const lines = ['  when one is lost:']
  const say = (line: string): unknown => lines.push(`    ${line}`)
  if (input.replicationFactor === 1) {
    say(`${percent(lost.unavailableShare)} of the partitions are unavailable, and their data is lost with its disk`)
    return lines
  }
  const used = `at the peak the cores of the others are used by ${percent(lost.coresUsed)}`
  if (lost.writesContinue) say(`writes continue on ${count(lost.brokersLeft, 'broker')}; ${used}`)
  else say(`writes to its partitions wait until it is back: ${input.minInSyncReplicas} replicas must have a record`)
  if (lost.perBrokerGb === null || lost.diskUsed === null) {
    say(`partitions stay under-replicated until it is back: ${input.replicationFactor} replicas have no other place`)
  } else {
    say(`its data copied to the others: ${figure(lost.perBrokerGb)} GB each, ${percent(lost.diskUsed)} of the disk`)
  }
  say(`an empty broker in its place has its data after ${duration(lost.rebuildSeconds)}`)
  return lines
}

function drain({ drain: rows, input }: CapacityPlan): string[] {
  return [
    ...table(
      `BACKLOG after an outage of ${input.outageMinutes} min: ${figure(rows[0]!.backlog)} messages`,
      ['', 'GONE AFTER', 'AT THE PEAK'],
      rows.map(({ group, secondsAtAverage, secondsAtPeak }) => [
        group,
        duration(secondsAtAverage),
        duration(secondsAtPeak),
      ]),
    ),
    '  messages go out at the pace of the slower of workers and operators',
  ]
}

function limits({ limits: rows, input }: CapacityPlan): string[] {
  const name = ({ what, by }: Limit): string => (by === undefined ? what : `${what}: ${by}`)
  return [
    ...table(
      'FIRST BOTTLENECK, as of today',
      ['', 'HAVE', 'NEED', 'USED', 'HOLDS UNTIL', 'THEN'],
      rows.map((limit) => [
        name(limit),
        limit.have,
        limit.need,
        percent(limit.used),
        limit.holdsUntilDaily,
        remedyFor(limit.what),
      ]),
    ),
    '  messages a day, at the same ratio of peak to average; used of what the peak may ask, which leaves a reserve',
    ...(input.binds === null ? ['  binds are assumed to be granted; --binds sets how many there are'] : []),
  ]
}

function rates({ rates: each }: CapacityPlan): string[] {
  return table(
    'RATES used',
    ['', 'TAKES', '', ''],
    (Object.keys(RATES) as RateName[]).map((name) => {
      const { perSecond, source, basis } = each[name]
      return [RATES[name].what, perSecond, RATES[name].unit, `${source}: ${basis}`]
    }),
  )
}

/** Rows under a title, indented; columns of figures to the right. */
function table(title: string, headings: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? figure(cell) : cell)))
  const all = [headings, ...cells]
  const widths = headings.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  const toTheRight = headings.map((_, column) => cells.every((row) => /^([\d,.–<]|never|$)/.test(row[column]!)))
  const lines = all.map((row) =>
    row.map((cell, column) => (toTheRight[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))),
  )
  return [title, ...lines.map((line) => `  ${line.join('  ')}`.trimEnd()).filter((line) => line !== '')]
}

function figure(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 12 })
}

function megabits(value: number): string {
  const precision = value < 1 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 2 }
  return `${value.toLocaleString('en', precision)} Mbps`
}

function percent(share: number): string {
  if (!Number.isFinite(share)) return 'all'
  return share > 0 && share < 0.01 ? '<1%' : `${figure(Math.round(share * 100))}%`
}

function count(value: number, what: string): string {
  return `${figure(value)} ${what}${value === 1 ? '' : 's'}`
}

function days(value: number): string {
  return value >= 1 ? `${figure(Number(value.toPrecision(3)))} d` : `${figure(Math.round(value * 24))} h`
}

function duration(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return 'never'
  if (seconds < 100) return `${figure(Math.ceil(seconds))} s`
  return seconds < 6_000 ? `${figure(Math.round(seconds / 60))} min` : `${figure(Math.round(seconds / 3_600))} h`
}
