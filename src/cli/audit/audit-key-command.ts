import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { Command } from 'commander'
import { KEY_CHAIN } from '../../audit/anchor.ts'
import { encodePublicKey, keyIdOf, newPrivateKey, readSigningKey, replaceSigningKey } from '../../audit/anchor-key.ts'
import { storeAnchor } from '../../audit/anchor-store.ts'
import { readDatabaseMs } from '../../postgres/clock-skew.ts'
import { publishAnchor } from '../../tools/audit/publish-anchor.ts'
import { actorOf, BY_OPTION } from '../dlq/dlq-options.ts'
import { changeDatabase, withCluster } from '../find-servers.ts'
import { printJson } from '../terminal/print-table.ts'
import { auditKeyFile } from './audit-sources.ts'

interface KeyOptions {
  readonly rotate?: true
  readonly by?: string
  readonly json?: true
}

/** `smsgw audit key` */
export function auditKeyCommand(audit: Command): void {
  audit
    .command('key')
    .description('print the public key of the audit log, for verification')
    .option('--rotate', 'make a new key first; the old one signs that the new one follows')
    .option(...BY_OPTION)
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `\nTrust in a key extends to its successors. Running processes sign with a new key from their next anchor on.

Examples:
  $ smsgw audit key > audit-public.pem
  $ smsgw audit key --rotate`,
    )
    .action(async ({ rotate, json, ...options }: KeyOptions) => {
      if (rotate) await rotateKey(auditKeyFile(), actorOf(options))
      const { id, publicKey } = readSigningKey(auditKeyFile())
      const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
      if (json) return printJson({ key: id, public_key: pem })
      console.log(pem.trimEnd())
      console.error(`Key ${id}`)
    })
}

/** The statement is stored before the file is replaced, so no anchor is signed by a key that is not introduced. */
async function rotateKey(file: string, by: string): Promise<void> {
  const old = readSigningKey(file)
  const pem = newPrivateKey()
  const publicKey = createPublicKey(createPrivateKey(pem))
  const statement = { kind: 'key', next: encodePublicKey(publicKey) } as const
  const text = await changeDatabase(by, async (connection) => {
    const result = await storeAnchor(connection, old, KEY_CHAIN, statement, await readDatabaseMs(connection))
    const details = { next: keyIdOf(publicKey) }
    return { act: { act: 'audit.key-rotated', subject: old.id, details }, result }
  })
  await withCluster((cluster) => publishAnchor(cluster, KEY_CHAIN, text))
  replaceSigningKey(file, pem)
  console.error(`Key ${keyIdOf(publicKey)} replaces key ${old.id}.`)
}
