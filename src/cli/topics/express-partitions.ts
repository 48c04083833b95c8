import { outboxSettings } from '../../outbox/config.ts'
import { readSettings } from '../../runtime/settings.ts'

/** How many of the last partitions of `sms.delivery` are express, by the setting that the relays read. */
export function expressPartitions(): number {
  return readSettings(outboxSettings, process.env).DELIVERY_EXPRESS_PARTITIONS
}
