/** The part of the npm package `smpp` (node-smpp) that is used here; it brings no types. */
declare module 'smpp' {
  import type { EventEmitter } from 'node:events'
  import type { Server } from 'node:net'

  /** Fields by their names in the specification, decoded where the package knows how; unknown TLVs by their tag. */
  export interface PackagePdu {
    readonly command: string
    readonly [field: string]: unknown
    response(fields?: object): PackagePdu
  }

  export interface Session extends EventEmitter<{ pdu: [PackagePdu]; error: [Error]; close: [] }> {
    send(pdu: PackagePdu): boolean
    deliver_sm(fields: object): boolean
    close(): void
    destroy(): void
  }

  const smpp: {
    createServer(
      options: { key?: string[]; cert?: string[]; pfx?: Buffer; passphrase?: string },
      onSession: (session: Session) => void,
    ): Server
  }
  export default smpp
}
