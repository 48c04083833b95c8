import { appendFileSync, mkdtempDisposableSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readLedger, SubmissionLedger } from './submission-ledger.ts'

async function idsIn(path: string): Promise<(string | null)[]> {
  const ids: (string | null)[] = []
  for await (const { id } of readLedger(path)) ids.push(id)
  return ids
}

function write(path: string, id: string): void {
  const ledger = new SubmissionLedger(path)
  ledger.add({ kind: 'receipt-acked', id, at: new Date(0).toISOString(), session: 1, form: 'both' })
  ledger.flush()
}

test.each(['', '{"kind":"receipt-acked"', '{"kind":"receipt-acked","id":"torn"}'])(
  'what a crash left of a last line, %j, costs nothing that a later run writes',
  async (torn) => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'smsgw-'))
    const path = join(folder.path, 'ledger.ndjson')
    write(path, '1')
    appendFileSync(path, torn)
    write(path, '2')
    write(path, '3')
    expect((await idsIn(path)).filter((id) => id !== 'torn')).toEqual(['1', '2', '3'])
    expect(readFileSync(path, 'utf8')).not.toContain('\n\n')
  },
)

test('a full disk: no answer may be sent, and all is written when there is room', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'smsgw-'))
  const path = join(folder.path, 'ledger.ndjson')
  symlinkSync('/dev/full', path)
  const changes: boolean[] = []
  const ledger = new SubmissionLedger(path, (isFull) => changes.push(isFull))
  for (const id of ['1', '2']) {
    ledger.add({ kind: 'receipt-acked', id, at: new Date(0).toISOString(), session: 1, form: 'both' })
    expect(ledger.flush()).toBe(false)
  }
  rmSync(path)
  expect(ledger.flush()).toBe(true)
  expect(await idsIn(path)).toEqual(['1', '2'])
  expect(changes).toEqual([true, false])
})
