import { integer, secret, text } from '../runtime/settings.ts'

/** The address and the access of the admin port. */
export const adminSettings = {
  ADMIN_PORT: integer(8081, 'Port of metrics, health and the admin API', { max: 65_535 }),
  ADMIN_HOST: text('127.0.0.1', 'Address that the admin port listens on; one that others reach demands ADMIN_TOKEN'),
  ADMIN_TOKEN: secret(
    '',
    'What the admin API asks for, in `Authorization: Bearer`; not health and metrics. `smsgw up` draws one if empty',
  ),
  ADMIN_TOKEN_FILE: text('', 'File with that token, as a mounted secret is; goes before the above'),
  ADMIN_NAMES: text('', 'Host names by which the admin port is reached, besides addresses, separated by commas'),
}
