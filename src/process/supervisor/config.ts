import { integer } from '../../runtime/settings.ts'

/** How `smsgw up` watches what it runs. */
export const upSettings = {
  UP_PROBE_MS: integer(5_000, 'How often each server and process is probed', { min: 100 }),
  UP_SILENT_MS_MAX: integer(60_000, 'A server or process that runs without answering for so long is restarted', {
    min: 1_000,
  }),
  UP_RESTARTS_MAX: integer(5, 'Restarts of one server within UP_RESTARTS_WINDOW_MS; then it waits', {
    min: 1,
    max: 100,
  }),
  UP_RESTARTS_WINDOW_MS: integer(600_000, 'The window of UP_RESTARTS_MAX', { min: 1_000 }),
}
