import { expect, test } from 'vitest'
import { apiGateway } from '../servers/api-gateway.ts'
import { fixedRouter, simulatorFor } from '../servers/fixed-operators.ts'
import { runSchemathesis } from '../servers/schemathesis.ts'

const SEED = Number(process.env.SCHEMATHESIS_SEED ?? Date.now() % 1_000_000)
const EXAMPLES = Number(process.env.SCHEMATHESIS_EXAMPLES ?? 10)
/** Of all operations together; fewer mean that something was left out. */
const CASES_MIN = 200

test.each([
  ['with a key', 'with-key.toml', true],
  ['without a key', 'without-key.toml', false],
])(
  'schemathesis, all checks, %s: what the API description says is so',
  async (_what, configuration, hasKey) => {
    console.log(`SCHEMATHESIS_SEED=${SEED} SCHEMATHESIS_EXAMPLES=${EXAMPLES}`)
    const { app, key } = await apiGateway(1_000_000_000_000, fixedRouter(simulatorFor('', 100)))
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const { code, printed } = await runSchemathesis({
      description: `${url}/openapi.json`,
      configuration,
      key: hasKey ? key : null,
      examples: EXAMPLES,
      seed: SEED,
    })
    expect(code, printed).toBe(0)
    const cases = Number(/(\d+) generated/.exec(printed)?.[1])
    console.log(`${cases} cases ${_what}`)
    expect(cases, printed).toBeGreaterThan(CASES_MIN)
  },
  600_000,
)
