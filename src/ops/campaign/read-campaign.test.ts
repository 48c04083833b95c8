import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readCampaign } from './read-campaign.ts'

let folder: string
let path: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'smsgw-campaign-'))
  path = join(folder, 'campaign.csv')
  writeFileSync(path, 'to,text,send_at,valid_for\n+989121234567,a,,\n+989121234568,b,2027-01-02T00:00:00Z,60\n')
})

afterAll(() => rmSync(folder, { recursive: true }))

test('what is given for all holds for each message whose line does not say otherwise', () => {
  const { messages } = readCampaign(path, { sendAt: '2027-01-01T00:00:00Z', validFor: '600' })
  expect(messages).toEqual([
    { to: '+989121234567', text: 'a', send_at: '2027-01-01T00:00:00Z', valid_for: 600 },
    { to: '+989121234568', text: 'b', send_at: '2027-01-02T00:00:00Z', valid_for: 60 },
  ])
  expect(() => readCampaign(path, { validFor: '10m' })).toThrow('--valid-for must be a whole number')
})

test('the same file for another time is another campaign, and its messages other requests', () => {
  const fingerprints = [{}, { sendAt: '2027-01-01T00:00:00Z' }, { validFor: '600' }].map((given) => {
    return readCampaign(path, given).fingerprint
  })
  expect(new Set(fingerprints).size).toBe(3)
  expect(readCampaign(path).fingerprint).toBe(fingerprints[0])
})
