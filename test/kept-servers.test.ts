import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { identityOf } from '../src/runtime/process-identity.ts'
import { fingerprintOfServers, readKeptState } from './servers/kept/kept-state.ts'

const servers = { kafkaBrokers: '127.0.0.1:1', databaseUrl: 'postgres://127.0.0.1:2/x', fingerprint: 'f' }

function stateOf(keeper: { readonly pid: number; readonly started: string } | null) {
  const folder = mkdtempSync(join(tmpdir(), 'smsgw-kept-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'servers.json')
  if (keeper) writeFileSync(file, JSON.stringify({ ...keeper, ...servers }))
  return readKeptState(file)
}

test('servers are used again only if the process that keeps them runs', () => {
  const running = identityOf(process.pid)!
  expect(stateOf(running)).toEqual({ ...running, ...servers })
  expect(stateOf({ ...running, started: 'earlier' })).toBeNull()
  expect(stateOf({ pid: 2 ** 30, started: running.started })).toBeNull()
  expect(stateOf(null)).toBeNull()
})

test('servers are of the same source as long as it does not change', () => {
  expect(fingerprintOfServers()).toMatch(/^[0-9a-f]{16}$/)
  expect(fingerprintOfServers()).toBe(fingerprintOfServers())
})
