import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Metrics } from '../../src/runtime/metrics.ts'
import { ROOT } from './read-alerts.ts'

/** Words of PromQL in the place of a metric; functions are known by their bracket. */
const KEYWORDS = new Set([
  'by',
  'without',
  'on',
  'ignoring',
  'group_left',
  'group_right',
  'and',
  'or',
  'unless',
  'bool',
])

/** What Prometheus itself knows of each target. */
const OF_PROMETHEUS = ['up']

/** Names of the metrics that an expression reads. */
export function metricsIn(expr: string): string[] {
  const bare = expr
    .replace(/"(?:[^"\\]|\\.)*"/g, '')
    .replace(/\{[^}]*\}/g, '')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, '')
  const words = [...bare.matchAll(/[A-Za-z_:][A-Za-z0-9_:]*(?!\w|\s*\()/g)].map(([word]) => word)
  return [...new Set(words.filter((word) => !KEYWORDS.has(word)))]
}

/** Names under which the gateway's code registers metrics, those of histograms in all their forms. */
export function exportedMetrics(): Set<string> {
  const source = join(ROOT, 'src')
  const paths = readdirSync(source, { recursive: true, encoding: 'utf8' })
  const code = paths
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .map((path) => readFileSync(join(source, path), 'utf8'))
  const found = new Set(OF_PROMETHEUS)
  for (const text of code) {
    for (const [, kind, name] of text.matchAll(/\b(counter|gaugeSet|gaugeBy|gauge|histogram)\(\s*'([a-z0-9_]+)'/g)) {
      if (kind !== 'histogram') found.add(name!)
      else for (const form of ['bucket', 'sum', 'count']) found.add(`${name}_${form}`)
    }
    for (const [, name] of text.matchAll(/\bpartition\('([a-z_]+)'/g)) found.add(`kafka_topic_partition_${name}`)
  }
  for (const { name } of new Metrics().registry.getMetricsAsArray()) found.add(name)
  return found
}
