import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { applyMutant } from './apply-mutant.ts'
import { MUTANTS } from './mutants.ts'

/*
  Loaded before the gateway's own code (`node --import`): the source file that the mutant named in CHAOS_MUTANT is about
  is changed as it is loaded. The gateway's source stays as it is; a mutant that no longer fits ends the process.
*/
const mutant = MUTANTS.find(({ name }) => name === process.env.CHAOS_MUTANT)
if (!mutant) throw new Error(`CHAOS_MUTANT names no mutant: ${process.env.CHAOS_MUTANT}`)

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    if (!url.startsWith('file:') || !fileURLToPath(url).endsWith(`/src/${mutant.file}`)) return loaded
    return { ...loaded, source: applyMutant(mutant, String(loaded.source)) }
  },
})
