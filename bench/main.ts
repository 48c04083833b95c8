import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { benchPipeline } from './pipeline.ts'

const RESULTS = join(import.meta.dirname, 'results')

const program = new Command('bench').description('measures the gateway; everything runs on this machine')

program
  .command('pipeline')
  .description('single posts through the whole gateway, to the final status of each')
  .option('--rate <n>', 'posts a second', Number, 1_500)
  .option('--seconds <n>', 'how long', Number, 30)
  .option('--warm-up <n>', 'seconds before that at the same rate, not counted', Number, 15)
  .option('--webhooks <tenths>', 'of ten customers, how many hear by webhook', Number, 1)
  .addOption(new Option('--brokers <n>').choices(['1', '3']).default('1'))
  .addHelpText('after', '\nExample:\n  $ npm run bench -- pipeline --rate 3000 --seconds 60')
  .action(async ({ rate, seconds, warmUp, webhooks, brokers }) => {
    const result = await benchPipeline({
      ratePerSecond: rate,
      seconds,
      warmUpSeconds: warmUp,
      webhookTenths: webhooks,
      brokers: brokers === '3' ? 3 : 1,
    })
    save(`pipeline-${rate}`, result)
  })

await program.parseAsync()
process.exit()

/** Prints a result and keeps it with the machine that it was measured on. */
function save(name: string, result: object): void {
  const machine = {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
  }
  mkdirSync(RESULTS, { recursive: true })
  const text = JSON.stringify({ name, machine, result }, null, 2)
  writeFileSync(join(RESULTS, `${name}.json`), `${text}\n`)
  console.log(text)
}
