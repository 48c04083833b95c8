import { changeWithAct } from '../../admin/acts/change-database.ts'
import { KEY_CHAIN, parseAnchor } from '../../audit/anchor.ts'
import { readSigningKey, readTrustedKeys } from '../../audit/anchor-key.ts'
import { storeAnchor } from '../../audit/anchor-store.ts'
import { archiveDays } from '../../audit/archive-days.ts'
import { listAuditFiles } from '../../audit/audit-files.ts'
import type { ChainHead } from '../../audit/chain.ts'
import { closedDays } from '../../audit/drop-days.ts'
import { type AnchorSource, judgeAnchors, NO_ANCHORS } from '../../audit/judge-anchors.ts'
import { chainOf, verifyAuditLog } from '../../audit/verify-log.ts'
import type { Cluster } from '../../kafka/cluster/cluster.ts'
import { readDatabaseMs } from '../../postgres/clock-skew.ts'
import type { Pool } from '../../postgres/pool.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { publishAnchor } from './publish-anchor.ts'

export interface ArchiveRequest {
  readonly folder: string
  readonly archive: string
  readonly beforeDay: string
  readonly keyFile: string
  readonly sources: readonly AnchorSource[]
}

/**
 * Verifies a log and moves its days before `beforeDay` into the archive. Returns the days. Throws ExpectedError if the log
 * is not whole, or those days are not anchored.
 */
export async function archiveLog(pool: Pool, cluster: Cluster, request: ArchiveRequest, by: string): Promise<string[]> {
  const { folder, archive, beforeDay, keyFile, sources } = request
  const key = readSigningKey(keyFile)
  const chain = chainOf(listAuditFiles(folder))
  if (chain === null) throw new ExpectedError(`${folder} has no log that was anchored, so nothing is moved.`)
  const judged = judgeAnchors(sources, readTrustedKeys(keyFile))
  const anchorsOf = (of: string) => judged.get(of) ?? NO_ANCHORS
  const { fault, anchored } = await verifyAuditLog(folder, { anchorsOf })
  if (fault) {
    throw new ExpectedError(
      `Nothing was moved, as the log is not whole: ${fault.file ?? folder}: line ${fault.line} ${fault.what}`,
    )
  }
  const last = (await closedDays(folder, beforeDay)).at(-1)
  if (last && last.end.seq > (anchored?.lines ?? 0)) {
    throw new ExpectedError(
      `Nothing was moved: ${last.day} ends with line ${last.end.seq}, which is not anchored yet. ` +
        'The role `audit` anchors it when it runs.',
    )
  }
  const texts = new Set(sources.flatMap((source) => source.texts))
  const stated = anchorsOf(chain).anchors.filter(({ cause }) => cause === 'archived')
  const state = async ({ seq: lines, hash }: ChainHead): Promise<void> => {
    if (stated.some((anchor) => anchor.lines >= lines)) return
    const statement = { kind: 'removed', lines, hash, cause: 'archived' } as const
    const text = await changeWithAct(pool, by, async (connection) => {
      const result = await storeAnchor(connection, key, chain, statement, await readDatabaseMs(connection))
      return { act: { act: 'audit.archived', subject: chain, details: { lines } }, result }
    })
    await publishAnchor(cluster, chain, text)
    texts.add(text)
  }
  return archiveDays(folder, {
    ...{ archive, chain, beforeDay, state },
    anchorsOf: async ({ end }, firstLine) => [...texts].filter((text) => concerns(text, chain, firstLine, end.seq)),
  })
}

/** Whether an anchor is about lines of a chain or where they begin, or about keys. */
function concerns(text: string, chain: string, firstLine: number, lastLine: number): boolean {
  const anchor = parseAnchor(text)
  if (!anchor) return false
  if (anchor.kind === 'key') return anchor.chain === KEY_CHAIN
  return anchor.chain === chain && anchor.lines >= firstLine - 1 && anchor.lines <= lastLine
}
