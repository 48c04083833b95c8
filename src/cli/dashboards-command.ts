import type { Command } from 'commander'
import { gatewayDashboard } from '../tools/dashboards/gateway-dashboard.ts'
import { printJson } from './terminal/print-table.ts'

/** `smsgw dashboards` */
export function dashboardsCommand(program: Command): void {
  program
    .command('dashboards')
    .description("the gateway's dashboard, as Grafana imports it")
    .option('--json', 'as JSON, which it always is')
    .addHelpText('after', '\nExamples:\n  $ smsgw dashboards > deploy/grafana/smsgw.json')
    .action(() => printJson(gatewayDashboard()))
}
