/** The settings of a Grafana panel; `unit` is one of Grafana's names of units. */
export interface PanelSpec {
  readonly title: string
  readonly description?: string
  readonly unit: string
  /** PromQL by its legend. */
  readonly queries: Readonly<Record<string, string>>
  readonly kind?: 'timeseries' | 'stat' | 'table'
  /** Where values turn yellow and red. */
  readonly thresholds?: readonly [number, number]
  /** Of a row, which has 24. */
  readonly columns?: number
}

export interface RowSpec {
  readonly title: string
  readonly panels: readonly PanelSpec[]
}

const ROW_COLUMNS = 24
const PANEL_HEIGHT = 8
const PANEL_COLUMNS = 8
/** The viewer of the dashboard picks the source. */
const DATASOURCE = { type: 'prometheus', uid: '$datasource' }

/** Lays rows out from the top; panels go from left to right and wrap. */
export function layOut(rows: readonly RowSpec[]): object[] {
  const panels: object[] = []
  let y = 0
  for (const { title, panels: specs } of rows) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { h: 1, w: ROW_COLUMNS, x: 0, y },
    })
    y++
    let x = 0
    for (const spec of specs) {
      const w = spec.columns ?? PANEL_COLUMNS
      if (x + w > ROW_COLUMNS) {
        x = 0
        y += PANEL_HEIGHT
      }
      panels.push(panel(panels.length + 1, spec, { h: PANEL_HEIGHT, w, x, y }))
      x += w
    }
    y += PANEL_HEIGHT
  }
  return panels
}

function panel(id: number, spec: PanelSpec, gridPos: object): object {
  const { title, description, unit, queries, kind = 'timeseries', thresholds } = spec
  const targets = Object.entries(queries).map(([legendFormat, expr], index) => ({
    refId: String.fromCharCode(65 + index),
    datasource: DATASOURCE,
    expr,
    legendFormat,
    ...(kind === 'timeseries' ? {} : { instant: true }),
    ...(kind === 'table' ? { format: 'table' } : {}),
  }))
  return {
    id,
    type: kind,
    title,
    ...(description ? { description } : {}),
    datasource: DATASOURCE,
    gridPos,
    fieldConfig: {
      defaults: { unit, min: 0, ...(thresholds ? { thresholds: steps(thresholds) } : {}) },
      overrides: [],
    },
    options: kind === 'timeseries' ? { tooltip: { mode: 'multi', sort: 'desc' } } : {},
    targets,
  }
}

function steps([warning, critical]: readonly [number, number]): object {
  return {
    mode: 'absolute',
    steps: [
      { color: 'green', value: null },
      { color: 'yellow', value: warning },
      { color: 'red', value: critical },
    ],
  }
}

/** A variable that offers the values of a label. */
export function labelVariable(name: string, metric: string, label: string): object {
  return {
    name,
    type: 'query',
    datasource: DATASOURCE,
    query: { query: `label_values(${metric}, ${label})`, refId: name },
    refresh: 2,
    includeAll: true,
    multi: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
  }
}

export const datasourceVariable = { name: 'datasource', type: 'datasource', query: 'prometheus', current: {} }
