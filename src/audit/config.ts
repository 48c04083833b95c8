import { integer, text } from '../runtime/settings.ts'

export const auditSettings = {
  AUDIT_FOLDER: text('.smsgw/audit', 'Folder of the audit log'),
  AUDIT_FILE_BYTES_MAX: integer(64 * 1024 * 1024, 'Size at which a new file of the audit log is begun', { min: 4_096 }),
}
