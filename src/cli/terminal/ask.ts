import { createInterface } from 'node:readline/promises'
import { ExpectedError } from '../../runtime/expected-error.ts'

/** Asks at the terminal for a yes. Throws ExpectedError when there is nobody to ask. */
export async function askForYes(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new ExpectedError(`${question} No terminal to ask on: add --yes, or apply a stored plan with --plan FILE.`)
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim())
  } finally {
    terminal.close()
  }
}
