import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, type KeyObject } from 'node:crypto'
import { existsSync, linkSync, lstatSync, readFileSync, rmSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ExpectedError } from '../runtime/expected-error.ts'
import { privateFolder } from '../runtime/private-folder.ts'
import { writeStateFile } from '../runtime/write-state-file.ts'
import type { SigningKey } from './anchor.ts'

const OTHERS = 0o007
const GROUP = 0o070
const ROOT = 0

/** How anchors name a key: the first 16 hexadecimal digits of the SHA-256 of its public half (SPKI, DER). */
export function keyIdOf(publicKey: KeyObject): string {
  return hash('sha256', publicKey.export({ type: 'spki', format: 'der' })).slice(0, 16)
}

/** As an anchor of the kind `key` has it. */
export function encodePublicKey(publicKey: KeyObject): string {
  return publicKey.export({ type: 'spki', format: 'der' }).toString('base64url')
}

/** A public key from an anchor or a PEM file. Throws an Error if it is no Ed25519 key. */
export function decodePublicKey(text: string): KeyObject {
  const isPem = text.includes('-----BEGIN')
  const key = createPublicKey(
    isPem ? text : { key: Buffer.from(text.trim(), 'base64url'), type: 'spki', format: 'der' },
  )
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('it is no Ed25519 key')
  return key
}

/** The public key of a PEM file. Throws ExpectedError. */
export function readPublicKey(path: string): KeyObject {
  try {
    return decodePublicKey(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new ExpectedError(`${path} has no public key of an audit log: ${(error as Error).message}`)
  }
}

/**
 * The key in a file, which only this user may read (0600); a file of root's may be readable by its group, as mounted
 * secrets are. Throws ExpectedError.
 */
export function readSigningKey(path: string): SigningKey {
  try {
    const { mode, uid } = lstatSync(path)
    const isOpen = (mode & OTHERS) !== 0 || ((mode & GROUP) !== 0 && uid !== ROOT)
    if (isOpen) throw new Error(`others may read it; run \`chmod 600 ${path}\``)
    const privateKey = createPrivateKey(readFileSync(path, 'utf8'))
    if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error('it is no Ed25519 key')
    const publicKey = createPublicKey(privateKey)
    return { id: keyIdOf(publicKey), privateKey, publicKey }
  } catch (error) {
    throw new ExpectedError(`AUDIT_KEY_FILE ${path} cannot be used: ${(error as Error).message}`)
  }
}

/** Public keys that the key in a file replaced, as PEM, one behind the other; beside it. */
const retiredKeysFile = (path: string): string => `${path}.retired`

/** Replaces the key in a file; anchors that the old one signed stay verifiable here. */
export function replaceSigningKey(path: string, pem: string): void {
  const retired = [...readRetiredKeys(path), readSigningKey(path).publicKey]
  const text = retired.map((key) => key.export({ type: 'spki', format: 'pem' }).toString()).join('')
  writeStateFile(retiredKeysFile(path), text)
  writeStateFile(path, pem)
}

/**
 * The public keys that this machine trusts unless others are named: the one in a file, and those before it. Throws
 * ExpectedError.
 */
export function readTrustedKeys(path: string): KeyObject[] {
  return [readSigningKey(path).publicKey, ...readRetiredKeys(path)]
}

function readRetiredKeys(path: string): KeyObject[] {
  const file = retiredKeysFile(path)
  if (!existsSync(file)) return []
  const pems = readFileSync(file, 'utf8').match(/-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----/g) ?? []
  try {
    return pems.map(decodePublicKey)
  } catch (error) {
    throw new ExpectedError(`${file} has a key that cannot be read: ${(error as Error).message}`)
  }
}

/**
 * The key in a file, which is made first if it is missing. Of several processes that make it at once one succeeds, and
 * all return that key. Throws ExpectedError.
 */
export function ensureSigningKey(path: string): { key: SigningKey; isNew: boolean } {
  if (existsSync(path)) return { key: readSigningKey(path), isNew: false }
  privateFolder(dirname(resolve(path)))
  const part = `${path}.${process.pid}.new`
  rmSync(part, { force: true })
  writeStateFile(part, newPrivateKey())
  try {
    linkSync(part, path)
    return { key: readSigningKey(path), isNew: true }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return { key: readSigningKey(path), isNew: false }
  } finally {
    rmSync(part, { force: true })
  }
}

/** PEM, PKCS #8. */
export function newPrivateKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}
