import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../src/embedded/free-port.ts'
import { SupervisedProcess } from '../../src/process/supervisor/supervised-process.ts'
import { startBenchGateway } from '../../test/gateway/bench-gateway.ts'
import { REFERENCE_TAG } from '../../test/gateway/peers/odd-smpp-answers.ts'
import type { Workbench } from '../run/workbench.ts'
import { CALLBACK_TOKEN, ODD_OPERATORS, type OddOperator } from './odd-peers.ts'
import { Peers } from './peers.ts'

type Operator = 'healthy' | OddOperator

const CUSTOMERS = 10
/**
 * By the digit before the last three of a number: a third of the load for the healthy operator, a sixth for each other.
 */
const SHARES: readonly Operator[] = ['healthy', 'healthy', ...ODD_OPERATORS]
const PHONES_OF_SHARE = 1_000
/** How many numbers load is to be offered to. */
export const PHONES = SHARES.length * PHONES_OF_SHARE
const TOKEN_VARIABLE = 'BENCH_CALLBACK_TOKEN'

/**
 * A gateway with a healthy operator, which is an SMSC in a process of its own with a ledger, and four odd ones. All
 * customers send by all of them.
 */
export async function startHostileGateway(workbench: Workbench, seed: number) {
  const [healthyPort, receiptsPort] = [await freePort(), await freePort()]
  const progress = (part: string, text: string): void => workbench.progress(`${part}: ${text}`)
  const ledger = join(workbench.folder, 'ledger.ndjson')
  const healthy = new SupervisedProcess({
    name: 'smsc',
    args: ['smsc'],
    env: {
      ...process.env,
      SIMULATOR_PORT: String(healthyPort),
      SIMULATOR_LATENCY_MS: '5',
      SIMULATOR_RECEIPT_DELAY_MS: '50',
      SIMULATOR_LEDGER: ledger,
    },
    logFile: join(workbench.folder, 'logs', 'smsc.log'),
    notify: (what) => workbench.progress(what),
  })
  await workbench.keep(Promise.resolve(healthy))
  await healthy.start()
  const peers = await workbench.keep(Peers.start(seed, `http://127.0.0.1:${receiptsPort}`))
  const operatorsFile = join(workbench.folder, 'operators.yaml')
  writeFileSync(operatorsFile, operatorsOf(`127.0.0.1:${healthyPort}`, peers.addresses))
  const bench = await workbench.keep(
    startBenchGateway({
      brokers: 1,
      customers: CUSTOMERS,
      webhooks: { customers: 0, url: '' },
      env: {
        OPERATORS_FILE: operatorsFile,
        RECEIPTS_PORT: String(receiptsPort),
        [TOKEN_VARIABLE]: CALLBACK_TOKEN,
        // The effects of odd answers end soon after each round.
        DELIVERY_RETRY_MS_FIRST: '200',
      },
      progress,
    }),
  )
  return { bench, peers, ledger }
}

function operatorsOf(healthy: string, odd: Readonly<Record<OddOperator, string>>): string {
  const smpp = (address: string, more = ''): string =>
    `connector: smpp, smpp: {address: "${address}", system_id: bench, reference_tlv: ${REFERENCE_TAG}${more}}`
  const http = (url: string): string =>
    `connector: http, http: {request: {url: "${url}", json: {ref: "{ref}", to: "{to}"}}, ` +
    'answer: {id: /id, code: /code, taken: [ok]}, errors: {codes: {no: rejected, busy: throttled}}, ' +
    `secrets: {token: {env: ${TOKEN_VARIABLE}}}, receipts: {push: {id: /id, status: /state, recipient: /to, ` +
    'statuses: {DELIVERED: delivered, FAILED: failed, QUEUED: ignored}, token: {query: token, secret: token}}}}'
  const rules = 'window: 40, response_timeout_ms: 1000, on_ambiguous: resend, resends_max: 2, resend_ms_first: 200'
  const reconnect = ', binds: 4, reconnect_ms_first: 5, reconnect_ms_max: 20'
  const digits = 8 - String(PHONES_OF_SHARE).length
  const routes = SHARES.map((operator, index) => {
    return `  - {prefix: "98912${String(index).padStart(digits, '0')}", operator: ${operator}, price: 100}`
  })
  return `operators:
  healthy: {${smpp(healthy)}, window: 500, response_timeout_ms: 10000, on_ambiguous: hold}
  odd-smpp: {${smpp(odd['odd-smpp'], reconnect)}, ${rules}}
  odd-http: {${http(odd['odd-http'])}, ${rules}}
  odd-receipts: {${smpp(odd['odd-receipts'])}, ${rules}}
  odd-callbacks: {${http(odd['odd-callbacks'])}, ${rules}}
routes:
${routes.join('\n')}
`
}
