import type { Values } from '../../runtime/settings.ts'
import type { doorSettings } from '../config.ts'
import type { ConnectionLimitOptions } from './connection-limits.ts'
import type { RequestLimitOptions } from './request-limits.ts'

/** How much of the public API anybody may use at once. 0 of a rate or of messages under way: no limit. */
export interface DoorLimits extends RequestLimitOptions, Omit<ConnectionLimitOptions, 'proxies'> {
  /** Messages of one customer that are being accepted. */
  readonly customerMessagesUnderWay: number
}

export function doorLimits(settings: Values<typeof doorSettings>): DoorLimits {
  return {
    connectionsMax: settings.CONNECTIONS_MAX,
    connectionsPerAddressMax: settings.CONNECTIONS_PER_ADDRESS_MAX,
    addressRequestsPerSecond: settings.ADDRESS_REQUESTS_PER_SECOND,
    customerRequestsPerSecond: settings.CUSTOMER_REQUESTS_PER_SECOND,
    customerMessagesPerSecond: settings.CUSTOMER_MESSAGES_PER_SECOND,
    customerKibPerSecond: settings.CUSTOMER_KIB_PER_SECOND,
    customerMessagesUnderWay: settings.CUSTOMER_MESSAGES_UNDER_WAY_MAX,
  }
}
