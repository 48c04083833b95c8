import type { Command } from 'commander'
import { gatewaySettings } from '../../process/settings.ts'
import { findInputFault } from '../../tools/plan/find-input-fault.ts'
import { planCapacity } from '../../tools/plan/plan-capacity.ts'
import { type PlanInput, planDefaults } from '../../tools/plan/plan-input.ts'
import { ASSUMED_RATES, givenRates, type PlanRates } from '../../tools/plan/plan-rates.ts'
import { BENCH_RESULTS, readMeasuredRates } from '../../tools/plan/read-measured-rates.ts'
import { readTopicsFile } from '../../topics/topics-file.ts'
import { inputFile, inputFolder } from '../terminal/input-file.ts'
import { printJson } from '../terminal/print-table.ts'
import { byTopic, count, days, factor, type GivenPerTopic, terabytes, withGiven } from './plan-options.ts'
import { printPlan } from './print-plan.ts'

interface PlanOptions {
  readonly daily: number
  readonly peak?: number
  readonly growth: number
  readonly brokers?: number
  readonly replicationFactor?: number
  readonly retention?: GivenPerTopic
  readonly bytes?: GivenPerTopic
  readonly partitions?: GivenPerTopic
  readonly statusEvents?: number
  readonly compression?: number
  readonly readers?: number
  readonly disk?: number
  readonly cores?: number
  readonly primaries?: number
  readonly clickhouseServers?: number
  readonly binds?: number
  readonly outageMinutes?: number
  readonly workerRate?: number
  readonly consumerRate?: number
  readonly postgresRate?: number
  readonly bindRate?: number
  readonly file: string
  readonly results?: string
  readonly assumed?: true
  readonly json?: true
}

const EXAMPLES = `
Rates come from the results of \`npm run bench\` where there are any, and are assumed otherwise; the plan says which.
A topic is accepted, delivery or status: \`--bytes 400\` is for all, \`--bytes accepted=400,status=250\` for some.

Examples:
  $ smsgw plan
  $ smsgw plan --daily 500_000_000 --peak 20000 --brokers 6
  $ smsgw plan --growth 1.5 --retention accepted=14d,delivery=36h --json
  $ smsgw plan --status-events 4 --bytes accepted=720,delivery=680,status=610     # events as the gateway writes them
  $ smsgw plan --daily 500_000_000 --primaries 5 --partitions status=50           # does that hold?`

/** `smsgw plan` */
export function planCommand(program: Command): void {
  const command = program
    .command('plan')
    .description('plan capacity for a load: bandwidth, disks, partitions, processes, and the first bottleneck')
    .option('--daily <n>', 'messages a day', count, 100_000_000)
    .option('--peak <n>', 'messages in the worst second (3,000 for each 100 million a day)', count)
    .option('--growth <factor>', 'multiply the load by this factor', factor, 1)
    .option('--brokers <n>', '(as many as are needed)', count)
    .option('--replication-factor <n>', '(as declared)', count)
    .option(
      '--retention <time>',
      'days or hours, such as 7d or 36h, for all topics or by topic (as declared)',
      byTopic(days),
    )
    .option('--partitions <n>', 'for all topics or by topic (as declared, or more if needed)', byTopic(count))
    .option('--bytes <n>', 'of an event (accepted=300,delivery=250,status=200)', byTopic(count))
    .option('--status-events <n>', 'of a message (1)', count)
    .option('--compression <factor>', 'raw to stored bytes (3)', factor)
    .option('--readers <n>', 'consumer groups of sms.accepted, planned ones included (3)', count)
  command
    .option('--disk <TB>', 'of a broker (the smallest usual one with room to spare)', terabytes)
    .option('--cores <n>', 'of a broker (8)', count)
    .option('--primaries <n>', 'number of PostgreSQL primaries, sharded by customer (1)', count)
    .option('--clickhouse-servers <n>', 'number of ClickHouse servers (1)', count)
    .option('--binds <n>', 'operator binds available (default: as needed)', count)
    .option('--outage-minutes <n>', 'outage of a consumer group whose backlog then drains (60)', count)
    .option('--worker-rate <n>', 'messages a second of a delivery worker', count)
    .option('--consumer-rate <n>', 'records a second of a partition, produced and consumed', count)
    .option('--postgres-rate <n>', 'messages a second of a PostgreSQL primary', count)
    .option('--bind-rate <n>', 'messages a second of a bind to an operator', count)
    .option('-f, --file <path>', 'the declared topics', inputFile, gatewaySettings.TOPICS_FILE.fallback)
    .option('--results <folder>', 'of benchmarks (bench/results)', inputFolder)
    .option('--assumed', 'ignore measured rates')
    .option('--json', 'as JSON')
    .addHelpText('after', EXAMPLES)
    .action((options: PlanOptions) => {
      const input = readInput(options)
      const fault = findInputFault(input)
      if (fault !== null) command.error(`error: ${fault}`)
      const plan = planCapacity(input)
      if (options.json) printJson(plan)
      else printPlan(plan)
    })
}

function readInput(options: PlanOptions): PlanInput {
  const usual = planDefaults(readTopicsFile(options.file))
  return {
    daily: options.daily,
    peakPerSecond: options.peak ?? null,
    growth: options.growth,
    replicationFactor: options.replicationFactor ?? usual.replicationFactor,
    minInSyncReplicas: usual.minInSyncReplicas,
    compressionRatio: options.compression ?? usual.compressionRatio,
    readers: options.readers ?? usual.readers,
    statusEvents: options.statusEvents ?? usual.statusEvents,
    bytes: withGiven(usual.bytes, options.bytes),
    retentionDays: withGiven(usual.retentionDays, options.retention),
    declaredPartitions: usual.declaredPartitions,
    partitions: withGiven(usual.partitions, options.partitions),
    brokers: options.brokers ?? null,
    brokerCores: options.cores ?? usual.brokerCores,
    diskTb: options.disk ?? null,
    postgresPrimaries: options.primaries ?? usual.postgresPrimaries,
    clickhouseServers: options.clickhouseServers ?? usual.clickhouseServers,
    binds: options.binds ?? null,
    outageMinutes: options.outageMinutes ?? usual.outageMinutes,
    rates: readRates(options),
  }
}

function readRates(options: PlanOptions): PlanRates {
  const found = options.assumed ? ASSUMED_RATES : readMeasuredRates(options.results ?? BENCH_RESULTS)
  return {
    ...found,
    ...givenRates({
      worker: options.workerRate,
      producePartition: options.consumerRate,
      consumePartition: options.consumerRate,
      postgresPrimary: options.postgresRate,
      smscBind: options.bindRate,
    }),
  }
}
