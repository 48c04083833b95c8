import { choice, integer } from '../../runtime/settings.ts'

export const monitorSettings = {
  LAG_SAMPLE_MS: integer(5_000, 'How often the lag of all groups is read', { min: 500 }),
  LAG_WINDOW_MS: integer(
    300_000,
    'Window for judging a group; longer than the interval between commits of a healthy group',
    { min: 60_000, max: 3_600_000 },
  ),
  METRICS_PER_PARTITION: choice(['yes', 'no'], 'yes', 'Whether groups have metrics for each partition'),
}
