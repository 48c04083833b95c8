import { Command, type CommanderError } from 'commander'
import { acceptCommand } from './accept.ts'
import { backlogCommand } from './backlog.ts'
import { consumerCommand } from './consumer.ts'
import { deadLettersCommand } from './dead-letters.ts'
import { growthCommand } from './growth.ts'
import { hostileCommand } from './hostile.ts'
import { keysCommand } from './keys.ts'
import { outageCommand } from './outage.ts'
import { paceCommand } from './pace.ts'
import { pipelineCommand } from './pipeline.ts'
import { producerCommand } from './producer.ts'
import { smppCommand } from './smpp.ts'
import { strangersCommand } from './strangers.ts'
import { webhooksCommand } from './webhooks.ts'

/** As `smsgw` does: 2 for what was not understood. */
function exit({ exitCode }: CommanderError): never {
  process.exit(exitCode === 0 ? 0 : 2)
}

const program = new Command('bench')
  .description('Measures the gateway and its Kafka layer. Everything runs on this machine, on servers of its own.')
  .showHelpAfterError('Run it with --help to see what it takes.')
  .exitOverride(exit)

// In the order of the README's table.
for (const add of [
  producerCommand,
  consumerCommand,
  keysCommand,
  acceptCommand,
  pipelineCommand,
  backlogCommand,
  growthCommand,
  deadLettersCommand,
  smppCommand,
  paceCommand,
  outageCommand,
  webhooksCommand,
  strangersCommand,
  hostileCommand,
]) {
  add(program)
}
for (const command of program.commands) command.exitOverride(exit)

await program.parseAsync()
process.exit()
