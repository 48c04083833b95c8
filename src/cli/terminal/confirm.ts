import { createInterface } from 'node:readline/promises'
import { ExpectedError } from '../../runtime/expected-error.ts'

/** Asks for a yes at the terminal. Throws ExpectedError when there is no terminal. */
export async function confirmAtTerminal(question: string): Promise<boolean> {
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
