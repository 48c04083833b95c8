import { expect, test } from 'vitest'
import { fuzzReader } from '../../test/smpp/fuzz-reader.ts'

/** `SMPP_FUZZ_PDUS=1000000` for long runs; `SMPP_FUZZ_SEED` for the same again. */
const PDUS = Number(process.env.SMPP_FUZZ_PDUS ?? 100_000)
const SEED = Number(process.env.SMPP_FUZZ_SEED ?? Date.now() % 2 ** 31)

test(`damaged PDUs are read or refused, and what follows is read (seed ${SEED})`, { timeout: 600_000 }, () => {
  const counts = fuzzReader(SEED, PDUS)
  for (const [name, times] of Object.entries(counts)) expect(times, name).toBeGreaterThan(PDUS / 2_000)
})
