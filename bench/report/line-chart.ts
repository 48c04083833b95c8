import { type Axis, fitScale, type Scale } from './axis.ts'

export interface Series {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface LineChart {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly series: readonly Series[]
}

const WIDTH = 720
const HEIGHT = 400
const PLOT = { left: 72, top: 48, right: 180, bottom: 52 }
const MARKED_POINTS_MAX = 30
/** Distinct also for red-green colour blindness, on white as well as on black. */
const COLOURS = ['#3b82c4', '#d97706', '#2f9e77', '#b5529c', '#8a8f98', '#c2410c']

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #333 }
  .title { font-size: 15px; font-weight: 600 }
  .grid { stroke: #ddd } .axis { stroke: #888 }
  @media (prefers-color-scheme: dark) { text { fill: #ddd } .grid { stroke: #444 } }
`

/** An SVG of lines over two axes, readable in light and dark. Values that are not finite are left out. */
export function renderLineChart(chart: LineChart): string {
  const series = chart.series.map(({ name, points }) => ({
    name,
    points: points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y)),
  }))
  const points = series.flatMap((each) => each.points)
  if (points.length === 0)
    return svg(chart.title, [text(WIDTH / 2, HEIGHT / 2, `${chart.title}: no figures`, 'middle')])
  const x = fitScale(
    chart.x,
    points.map(([value]) => value),
  )
  const y = fitScale(
    chart.y,
    points.map(([, value]) => value),
  )
  return svg(chart.title, [
    text(PLOT.left, 24, chart.title, 'start', 'title'),
    ...xAxis(chart.x, x),
    ...yAxis(chart.y, y),
    ...series.flatMap((each, index) => drawSeries(each, x, y, COLOURS[index % COLOURS.length]!)),
    ...series.flatMap(({ name }, index) => drawLegend(name, index)),
  ])
}

const plotRight = WIDTH - PLOT.right
const plotBottom = HEIGHT - PLOT.bottom
const across = (share: number): number => Math.round(PLOT.left + share * (plotRight - PLOT.left))
const up = (share: number): number => Math.round(plotBottom - share * (plotBottom - PLOT.top))

function xAxis({ label }: Axis, scale: Scale): string[] {
  return [
    line(PLOT.left, plotBottom, plotRight, plotBottom, 'axis'),
    ...scale.ticks.map(([at, name]) => text(across(scale.place(at)), plotBottom + 18, name, 'middle')),
    text((PLOT.left + plotRight) / 2, HEIGHT - 12, label, 'middle'),
  ]
}

function yAxis({ label }: Axis, scale: Scale): string[] {
  return [
    ...scale.ticks.flatMap(([at, name]) => {
      const height = up(scale.place(at))
      return [line(PLOT.left, height, plotRight, height, 'grid'), text(PLOT.left - 8, height + 4, name, 'end')]
    }),
    text(PLOT.left, 42, label, 'start'),
  ]
}

function drawSeries({ points }: Series, x: Scale, y: Scale, colour: string): string[] {
  const places = points.map(([atX, atY]) => [across(x.place(atX)), up(y.place(atY))] as const)
  const path = places.map(([px, py], index) => `${index === 0 ? 'M' : 'L'}${px} ${py}`).join('')
  const marks = places.length > MARKED_POINTS_MAX ? [] : places
  return [
    `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...marks.map(([px, py]) => `<circle cx="${px}" cy="${py}" r="3.5" fill="${colour}"/>`),
  ]
}

function drawLegend(name: string, index: number): string[] {
  const height = PLOT.top + 12 + index * 20
  const colour = COLOURS[index % COLOURS.length]
  return [
    `<rect x="${plotRight + 14}" y="${height - 9}" width="10" height="10" fill="${colour}"/>`,
    text(plotRight + 30, height, name, 'start'),
  ]
}

function line(x1: number, y1: number, x2: number, y2: number, name: string): string {
  return `<line class="${name}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`
}

function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end', name = ''): string {
  return `<text${name === '' ? '' : ` class="${name}"`} x="${x}" y="${y}" text-anchor="${anchor}">${escapeText(content)}</text>`
}

function escapeText(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

/** The title is for screen readers. */
function svg(title: string, parts: readonly string[]): string {
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">`
  return `${[open, `<title>${escapeText(title)}</title>`, `<style>${STYLE}</style>`, ...parts, '</svg>'].join('\n')}\n`
}
