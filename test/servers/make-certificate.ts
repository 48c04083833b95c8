import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Certificate {
  /** Key and certificate, PKCS #12. */
  readonly keyStore: string
  readonly password: string
  /** The certificate alone, PEM: it is its own authority. */
  readonly caFile: string
}

/** A certificate for 127.0.0.1, in that folder. */
export async function makeCertificate(folder: string, password: string): Promise<Certificate> {
  const keyStore = join(folder, 'server.p12')
  const caFile = join(folder, 'ca.pem')
  const store = ['-keystore', keyStore, '-storetype', 'PKCS12', '-storepass', password]
  const names = ['-dname', 'CN=127.0.0.1', '-ext', 'san=ip:127.0.0.1']
  const key = ['-alias', 'server', '-keyalg', 'EC', '-groupname', 'secp256r1', '-validity', '2']
  await run('keytool', ['-genkeypair', ...key, ...names, ...store])
  await run('keytool', ['-exportcert', '-rfc', '-alias', 'server', '-file', caFile, ...store])
  return { keyStore, password, caFile }
}
