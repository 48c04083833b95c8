import { expressCount } from '../events/delivery-partition.ts'
import { type MovedKey, movedKeys, movedShare } from './key-moves.ts'
import type { PlannedChange } from './topics-plan.ts'

const MOVES_SHOWN = 3
const KEYS_SHOWN = 5

/** A change in one line, as a plan shows it. */
export function describeChange(change: PlannedChange): string {
  switch (change.kind) {
    case 'create-topic':
      return `+ ${change.topic}: create with ${change.partitions} partitions, ${change.replicationFactor} replicas each`
    case 'set-config':
      return `~ ${change.topic}: ${change.name} from ${change.from || '(unset)'} to ${change.to}`
    case 'remove-config':
      return `- ${change.topic}: ${change.name} = ${change.from} is not declared; inherit it from the brokers`
    case 'add-partitions':
      return `~ ${change.topic}: partitions from ${change.from} to ${change.to}`
    case 'reassign':
      return `~ ${change.topic}: ${change.replicationFactor} replicas each; ${describeMoves(change.moves)}`
    case 'delete-topic':
      return `- ${change.topic}: is not declared; DELETE it with its ${change.partitions} partitions and all records`
  }
}

function describeMoves(moves: Extract<PlannedChange, { kind: 'reassign' }>['moves']): string {
  const shown = moves
    .slice(0, MOVES_SHOWN)
    .map(({ partition, from, to }) => `${partition}: ${from.join()} → ${to.join()}`)
    .join('; ')
  const rest = moves.length - MOVES_SHOWN
  return `partition ${shown}${rest > 0 ? `; and ${rest} more` : ''}`
}

/** What growing a topic does to its keys. */
export interface GrowthEffect {
  readonly topic: string
  readonly from: number
  readonly to: number
  /** So many of the last partitions are for express messages, before and after. */
  readonly express: number
  /** Of all keys, 0 to 1; where there are express partitions, of their other messages. */
  readonly movedShare: number
  /** Of the keys that were written last, those that move. */
  readonly examples: readonly MovedKey[]
}

/** Computes the effect; `keys` are some of the topic's own. */
export function growthEffect(
  topic: string,
  from: number,
  to: number,
  keys: readonly string[],
  expressPartitions = 0,
): GrowthEffect {
  const express = expressCount({ partitions: from, expressPartitions })
  const examples = movedKeys(keys, from - express, to - express).slice(0, KEYS_SHOWN)
  return { topic, from, to, express, movedShare: movedShare(from - express, to - express), examples }
}

/** The effect in words, with what it means for order and how to keep it. */
export function describeGrowth({ topic, from, to, express, movedShare: share, examples }: GrowthEffect): string[] {
  const lines = [`  ${topic}: ${Math.round(share * 1_000) / 10}% of all keys get another partition.`]
  for (const { key, from: old, to: next } of examples) lines.push(`    ${key}: ${old} → ${next}`)
  lines.push(
    '    What is keyed by customer may be handled out of order for such a key, once: its newer records, in the new',
    '    partition, may be read before its older ones. With --when-drained the partitions are added when every group',
    '    has read all; for no gap at all stop the relays before, and start them again after.',
  )
  if (express > 0) {
    lines.push(
      `    Express messages of all keys move: from the last ${express} partitions as they are, ${from - express} to ${from - 1}, to the`,
      `    last ${express} that there will be, ${to - express} to ${to - 1}. The old ones go on as ordinary partitions.`,
    )
  }
  const double = (from - express) * 2 + express
  const doubleShare = movedShare(from - express, double - express)
  if (to !== double && to > from && doubleShare < share) {
    lines.push(`    Growing to ${double} would move only ${Math.round(doubleShare * 1_000) / 10}%.`)
  }
  return lines
}
