import { expect, test } from 'vitest'
import { renderLineChart } from './line-chart.ts'

const axes = { x: { label: 'bytes', scale: 'log' }, y: { label: 'records/s' } } as const

test('draws a line, marks and a name for each series, within the picture', () => {
  const svg = renderLineChart({
    ...axes,
    title: 'Ours & Java',
    series: [
      {
        name: 'ours',
        points: [
          [100, 10],
          [1_000, 20],
        ],
      },
      {
        name: 'Java <17',
        points: [
          [100, 15],
          [1_000, 40],
        ],
      },
    ],
  })
  expect(svg.match(/<path /g)).toHaveLength(2)
  expect(svg.match(/<circle /g)).toHaveLength(4)
  expect(svg).toContain('Ours &amp; Java')
  expect(svg).toContain('Java &lt;17')
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.map(Number)
  for (const [, x, y] of svg.matchAll(/[ML](-?\d+) (-?\d+)/g)) {
    expect(Number(x)).toBeGreaterThanOrEqual(0)
    expect(Number(x)).toBeLessThanOrEqual(width!)
    expect(Number(y)).toBeGreaterThanOrEqual(0)
    expect(Number(y)).toBeLessThanOrEqual(height!)
  }
  expect(svg).toContain('prefers-color-scheme: dark')
})

test('what was not measured leaves a gap, and nothing at all says so', () => {
  const one = renderLineChart({
    ...axes,
    title: '',
    series: [
      {
        name: 'a',
        points: [
          [1, Number.NaN],
          [10, 5],
          [100, 6],
        ],
      },
    ],
  })
  expect(one.match(/<circle /g)).toHaveLength(2)
  expect(one).not.toContain('NaN')
  expect(renderLineChart({ ...axes, title: 'Empty', series: [] })).toContain('Empty: no figures')
})
