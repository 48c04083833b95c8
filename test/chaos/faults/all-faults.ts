import { allBrokersKilled } from './all-brokers-killed.ts'
import { delayCommits } from './delay-commits.ts'
import type { Fault } from './fault.ts'
import { freezeWorker } from './freeze-worker.ts'
import { killApi } from './kill-api.ts'
import { killController } from './kill-controller.ts'
import { killLeader } from './kill-leader.ts'
import { killPostgres } from './kill-postgres.ts'
import { killReader } from './kill-reader.ts'
import { killRelay } from './kill-relay.ts'
import { killWorker } from './kill-worker.ts'
import { loseCommitAnswers } from './lose-commit-answers.ts'
import { operatorRubbish } from './operator-rubbish.ts'
import { partitionNetwork } from './partition-network.ts'
import { poisonTopics } from './poison-topics.ts'
import { restartStorm } from './restart-storm.ts'
import { terminateBackends } from './terminate-backends.ts'
import { twoBrokersDown } from './two-brokers-down.ts'

/** Every kind of fault, in the order of their codes. */
export const FAULTS: readonly Fault[] = [
  killApi,
  killRelay,
  killWorker,
  killReader,
  killLeader,
  killController,
  twoBrokersDown,
  allBrokersKilled,
  killPostgres,
  terminateBackends,
  loseCommitAnswers,
  delayCommits,
  partitionNetwork,
  freezeWorker,
  poisonTopics,
  operatorRubbish,
  restartStorm,
]
