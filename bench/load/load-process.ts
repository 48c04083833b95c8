import { type LoadOptions, postOpenLoop } from './post-open-loop.ts'

// A process of its own, so that its work is not counted as the gateway's: told what to do, it tells what came of it.
process.once('message', async (options: LoadOptions) => {
  const result = await postOpenLoop(options)
  process.send!(result, () => process.exit(0))
})
