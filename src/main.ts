import { runCommandLine } from './cli/command-line.ts'

process.exitCode = await runCommandLine(process.argv)
// Everything that was started has stopped by now; what a library leaves open must not keep us.
process.exit()
