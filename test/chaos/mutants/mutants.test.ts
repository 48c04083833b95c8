import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FAULTS } from '../faults/all-faults.ts'
import { applyMutant } from './apply-mutant.ts'
import { MUTANTS } from './mutants.ts'

const SOURCE = join(import.meta.dirname, '../../../src')

test.each(MUTANTS)('$name still fits the source that it is about', (mutant) => {
  const source = readFileSync(join(SOURCE, mutant.file), 'utf8')
  const mutated = applyMutant(mutant, source)
  expect(mutated).not.toBe(source)
  expect(mutated).toContain(mutant.bug)
})

test('there are eight, and the faults that they wait for exist', () => {
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(8)
  for (const { fault } of MUTANTS) {
    if (fault) expect(FAULTS.find(({ name }) => name === fault.name)?.targets).toContain(fault.target)
  }
})

test('a snippet that is missing or repeated is refused', () => {
  const mutant = { ...MUTANTS[0]!, snippet: 'a', bug: 'b' }
  expect(() => applyMutant(mutant, 'ccc')).toThrow('0 times')
  expect(() => applyMutant(mutant, 'aca')).toThrow('2 times')
  expect(applyMutant(mutant, 'cac')).toBe('cbc')
})
