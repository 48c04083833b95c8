import { integer, text } from '../runtime/settings.ts'

export const auditSettings = {
  AUDIT_FOLDER: text('.smsgw/audit', 'Folder of the audit log; each process has its own'),
  AUDIT_FILE_BYTES_MAX: integer(16 * 1024 * 1024, 'Size at which a new file of the audit log is begun', {
    min: 4_096,
    max: 1024 * 1024 * 1024,
  }),
  AUDIT_KEY_FILE: text(
    '.smsgw/audit-key.pem',
    'Private key (Ed25519, PEM, mode 0600) that signs the anchors of the audit log; made if it is missing',
  ),
  AUDIT_ANCHOR_SECONDS: integer(60, 'Seconds between anchors of an audit log that grows', { min: 1, max: 86_400 }),
  AUDIT_ANCHOR_DAYS: integer(400, 'Days for which anchors are kept in PostgreSQL', { min: 1, max: 36_500 }),
  AUDIT_RETENTION_DAYS: integer(
    90,
    'Days after which anchored days of the audit log are deleted from its folder; archive them before. 0: never',
    { max: 36_500 },
  ),
}
