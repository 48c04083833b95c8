import { MessageRouter } from '../../src/accept/route-messages.ts'
import { CONNECTORS } from '../../src/delivery/connectors/connectors.ts'
import { OperatorSetup } from '../../src/operators/operator-setup.ts'
import { parseOperators } from '../../src/operators/operators-file.ts'

/** Operators and routes that never change: the simulator for all numbers of Iran, by default. */
export function fixedOperators(source = simulatorFor('98', 100)) {
  const setup = new OperatorSetup(1, parseOperators(source, 'test', CONNECTORS))
  return { current: () => setup, onChange: () => () => {} }
}

/** Routes by prefixes alone. */
export function fixedRouter(source?: string): MessageRouter {
  const portability = { networksOf: async () => new Map(), stop: async () => {} }
  const rest = { portability, segmentsMax: 10, sendAheadDaysMax: 30, nowMs: () => Date.now() }
  return new MessageRouter({ operators: fixedOperators(source), ...rest })
}

/** A file of one operator, the simulator at that address, for numbers with a prefix. */
export function simulatorFor(prefix: string, price: number, address = 'embedded'): string {
  return `
operators:
  simulator:
    connector: smpp
    smpp: {address: "${address}", system_id: smsgw, reference_tlv: 0x1501}
    window: 500
    response_timeout_ms: 10000
    on_ambiguous: resend
routes:
  - {prefix: "${prefix}", operator: simulator, price: ${price}}
`
}
