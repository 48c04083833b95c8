import type { KeyObject } from 'node:crypto'
import { KEY_CHAIN } from '../../audit/anchor.ts'
import { listArchived, listArchivedChains } from '../../audit/archive-days.ts'
import { listAuditFiles } from '../../audit/audit-files.ts'
import { type AnchorSource, type ChainAnchors, judgeAnchors, NO_ANCHORS } from '../../audit/judge-anchors.ts'
import { type AuditVerdict, chainOf, verifyAuditLog } from '../../audit/verify-log.ts'

export interface VerifyRequest {
  /** Folders of logs, each a chain of its own. */
  readonly folders: readonly string[]
  readonly archive: string | null
  readonly sources: readonly AnchorSource[]
  readonly publicKeys: readonly KeyObject[]
  /** Whether chains that are in none of the folders may be elsewhere. */
  readonly isPartial: boolean
  readonly progress?: ((entries: number) => void) | undefined
}

export interface LogVerdict extends AuditVerdict {
  readonly folder: string
}

export interface LogsVerdict {
  readonly logs: readonly LogVerdict[]
  /** Chains that have anchors, and lines that no folder here has. */
  readonly chainsElsewhere: readonly string[]
  /** What is wrong beside the faults of the logs. */
  readonly faults: readonly string[]
}

/** Verifies logs and an archive against the anchors of all sources. */
export async function verifyLogs(request: VerifyRequest): Promise<LogsVerdict> {
  const { folders, archive, sources, publicKeys, isPartial, progress } = request
  const judged = judgeAnchors(sources, publicKeys)
  const anchorsOf = (chain: string): ChainAnchors => judged.get(chain) ?? NO_ANCHORS
  const logs: LogVerdict[] = []
  for (const folder of folders) {
    const chain = chainOf(listAuditFiles(folder))
    const archived = archive !== null && chain !== null ? { archived: await listArchived(archive, chain) } : {}
    logs.push({ folder, ...(await verifyAuditLog(folder, { ...archived, anchorsOf, progress })) })
  }
  for (const chain of archive === null ? [] : await listArchivedChains(archive)) {
    if (logs.some((log) => log.chain === chain)) continue
    const archived = await listArchived(archive!, chain)
    const options = { archived, anchorsOf, isArchiveAlone: true, progress }
    logs.push({ folder: archive!, ...(await verifyAuditLog(archive!, options)) })
  }
  const chainsElsewhere = [...judged]
    .filter(([chain, { anchors }]) => chain !== KEY_CHAIN && anchors.length > 0 && !isAllRemoved(anchors))
    .map(([chain]) => chain)
    .filter((chain) => !logs.some((log) => log.chain === chain))
  const faults = [...(judged.get(KEY_CHAIN)?.faults ?? [])]
  if (!isPartial)
    faults.push(...chainsElsewhere.map((chain) => `chain ${chain} has anchors, and no folder here has it`))
  return { logs, chainsElsewhere, faults }
}

export function isWhole({ logs, faults }: LogsVerdict): boolean {
  return faults.length === 0 && logs.every(({ fault }) => fault === null)
}

/** Whether signed anchors say that every line of a chain has left its folder. */
function isAllRemoved(anchors: ChainAnchors['anchors']): boolean {
  const last = Math.max(...anchors.map(({ lines }) => lines))
  return anchors.some(({ kind, cause, lines }) => kind === 'removed' && cause === 'expired' && lines === last)
}
