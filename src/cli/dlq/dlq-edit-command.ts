import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { parseDeadLetterId } from '../../dead-letters/dead-letter-id.ts'
import { type Edit, editDeadLetter } from '../../dead-letters/edit-dead-letter.ts'
import { fieldsOf } from '../../dead-letters/read-dead-letter.ts'
import { showDeadLetter } from '../../dead-letters/show-dead-letter.ts'
import { fitsField } from '../../dead-letters/topic-values.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { withWritableDatabase } from '../find-servers.ts'
import { inputFile } from '../terminal/input-file.ts'
import { printJson } from '../terminal/print-table.ts'
import { actorOf, wholeNumber } from './dlq-options.ts'

interface EditOptions {
  readonly set?: string[]
  readonly file?: string
  readonly revision?: string
  readonly by?: string
  readonly json?: true
}

/** `smsgw dlq edit` */
export function dlqEditCommand(dlq: Command): void {
  dlq
    .command('edit')
    .description('change the value that a redrive will publish; the original is kept')
    .argument('<id>', 'as in 3-1042')
    .option('--set <field=value...>', 'set fields of the value')
    .option('--file <path>', 'instead: a whole value, as JSON; - for standard input', inputFile)
    .option('--revision <n>', 'only if the dead letter is at this revision')
    .option('--by <name>', 'name for the audit trail (default: the user of this machine)')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `\nExamples:
  $ smsgw dlq edit 3-1042 --set operator=simulator
  $ smsgw dlq edit 3-1042 --set phone=+989121234567 --set valid_until=null
  $ smsgw dlq show 3-1042 --json | jq .value > value.json; edit it; smsgw dlq edit 3-1042 --file value.json

The value must fit its topic, and the fields that say which event it is, and what was paid for, stay as they are.`,
    )
    .action(edit)
}

async function edit(id: string, options: EditOptions): Promise<void> {
  if ((options.set === undefined) === (options.file === undefined)) {
    throw new ExpectedError('Say what to change: --set FIELD=VALUE, or --file PATH.')
  }
  const place = parseDeadLetterId(id)
  const text = options.file === undefined ? null : readFileSync(options.file === '-' ? 0 : options.file, 'utf8')
  const change: Edit['change'] = ({ topic, value }) => text ?? setFields(id, topic, value, options.set!)
  const revision = options.revision === undefined ? null : wholeNumber(options.revision, '--revision', 0)
  await withWritableDatabase(async (pool) => {
    await editDeadLetter(pool, place, { by: actorOf(options), change, revision })
    if (options.json) printJson(await showDeadLetter(pool, place))
    else console.error(`${id} is changed. Next: smsgw dlq redrive ${id}`)
  })
}

function setFields(id: string, topic: string, value: Buffer | null, assignments: readonly string[]): string {
  const fields = fieldsOf(value)
  if (Object.keys(fields).length === 0) {
    throw new ExpectedError(`The value of ${id} is no JSON object: give a whole one with --file.`)
  }
  for (const assignment of assignments) {
    const [, field, text] = /^([a-z_]+)=(.*)$/s.exec(assignment) ?? []
    if (field === undefined) throw new ExpectedError(`"${assignment}" is not FIELD=VALUE.`)
    fields[field] = fitsField(topic, field, text) ? text : asJson(text!)
  }
  return JSON.stringify(fields)
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
