import type { Values } from '../../runtime/settings.ts'
import type { apiSettings } from '../config.ts'
import type { ConnectionLimitOptions } from './connection-limits.ts'
import type { ShareOptions } from './customer-share.ts'
import type { RequestLimitOptions } from './request-limits.ts'

/** The limits of the public API: connections, addresses, customers. */
export interface DoorLimits extends RequestLimitOptions, ShareOptions, Omit<ConnectionLimitOptions, 'proxies'> {}

export function doorLimits(settings: Values<typeof apiSettings>): DoorLimits {
  return {
    connectionsMax: settings.CONNECTIONS_MAX,
    connectionsPerAddressMax: settings.CONNECTIONS_PER_ADDRESS_MAX,
    addressRequestsPerSecond: settings.ADDRESS_REQUESTS_PER_SECOND,
    customerRequestsPerSecond: settings.CUSTOMER_REQUESTS_PER_SECOND,
    customerMessagesPerSecond: settings.CUSTOMER_MESSAGES_PER_SECOND,
    customerKibPerSecond: settings.CUSTOMER_KIB_PER_SECOND,
    customerMessagesMax: settings.CUSTOMER_MESSAGES_UNDER_WAY_MAX,
    largeFrom: settings.ACCEPT_BATCH_MESSAGES_MAX + 1,
  }
}
