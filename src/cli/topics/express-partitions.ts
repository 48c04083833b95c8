import { outboxSettings } from '../../outbox/config.ts'
import { readSettings } from '../../runtime/settings.ts'

/** How many of the last partitions of `sms.delivery` are express, as the relays are told, too. */
export function expressPartitions(): number {
  return readSettings(outboxSettings, process.env).DELIVERY_EXPRESS_PARTITIONS
}
