import { Command } from 'commander'
import { acceptCommand } from './accept.ts'
import { backlogCommand } from './backlog.ts'
import { consumerCommand } from './consumer.ts'
import { growthCommand } from './growth.ts'
import { keysCommand } from './keys.ts'
import { pipelineCommand } from './pipeline.ts'
import { producerCommand } from './producer.ts'

const program = new Command('bench')
  .description('Measures the gateway and its Kafka layer. Everything runs on this machine, on servers of its own.')
  .showHelpAfterError('Run it with --help to see what it takes.')

for (const add of [
  producerCommand,
  consumerCommand,
  keysCommand,
  acceptCommand,
  pipelineCommand,
  backlogCommand,
  growthCommand,
])
  add(program)

await program.parseAsync()
process.exit()
