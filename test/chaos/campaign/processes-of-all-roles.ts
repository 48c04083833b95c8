import type { ProcessPlan } from '../system/gateway-processes.ts'

/** Every role a process of its own, two of each that carries messages. */
export const ALL_ROLES: readonly ProcessPlan[] = [
  'status',
  'relay-1',
  'relay-2',
  'worker-1',
  'worker-2',
  'webhooks',
  'analytics',
  'audit',
  'api-1',
  'api-2',
].map((name) => ({ name, roles: [name.split('-')[0]!] }))
