import type { Command } from 'commander'
import { reassignmentCommands } from './reassignment-commands.ts'
import { topicsApplyCommand } from './topics-apply-command.ts'
import { topicsDescribeCommand } from './topics-describe-command.ts'
import { topicsGrowCommand } from './topics-grow-command.ts'
import { topicsPlanCommand } from './topics-plan-command.ts'

/** `smsgw topics …` */
export function topicsCommand(program: Command, done: (exitCode: number) => void): void {
  const topics = program.command('topics').description('topics as code')
  topicsDescribeCommand(topics)
  topicsPlanCommand(topics, done)
  topicsApplyCommand(topics, done)
  topicsGrowCommand(topics)
  reassignmentCommands(topics)
}
