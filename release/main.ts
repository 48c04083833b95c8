import { join } from 'node:path'
import { Command, Option } from 'commander'
import { ExpectedError } from '../src/runtime/expected-error.ts'
import { makeRelease } from './make-release.ts'
import { STEPS } from './next-version.ts'

/* `npm run release`: see CONTRIBUTING.md. */
const program = new Command('npm run release --')
  .description('close the Unreleased section of CHANGELOG.md, set the version, commit and tag it; nothing is pushed')
  .argument('<version>', `${STEPS.join(', ')}, or a version`)
  .addOption(new Option('--dry-run', 'check everything and show the release, but write nothing').default(false))
  .addHelpText('after', '\nExamples:\n  $ npm run release -- minor --dry-run\n  $ npm run release -- 1.0.0')
  .action((wanted: string, { dryRun }: { dryRun: boolean }) => {
    const folder = join(import.meta.dirname, '..')
    const { tag, section, files } = makeRelease({ folder, wanted, now: new Date(), isDryRun: dryRun })
    console.log(section)
    if (dryRun) console.log(`${tag} would change ${files.join(', ')}.`)
    else console.log(`${tag} is committed and tagged. Publish it: git push --follow-tags`)
  })

try {
  program.parse()
} catch (error) {
  if (!(error instanceof ExpectedError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
