import { Socket } from 'node:net'

/*
  Loaded before a role's own code (`node --import`). Brokers advertise their own addresses to clients, so no setting
  could lead one process's connections, and only those, through a proxy. Here the sockets themselves are led: a
  connection to a port of CHAOS_REDIRECTS ("9092=40001,5432=40002") goes to the other port instead. Nothing else is
  changed.
*/
const redirects = new Map(
  (process.env.CHAOS_REDIRECTS ?? '')
    .split(',')
    .filter((pair) => pair !== '')
    .map((pair) => pair.split('=').map(Number) as [number, number]),
)

type Connect = (this: Socket, ...args: unknown[]) => Socket

const connect = Socket.prototype.connect as Connect

const redirected: Connect = function (this: Socket, ...args) {
  const [first] = args
  if (Array.isArray(first)) first[0] = withPort(first[0])
  else if (typeof first === 'object') args[0] = withPort(first)
  else if (typeof first === 'number') args[0] = redirects.get(first) ?? first
  return connect.apply(this, args)
}

Socket.prototype.connect = redirected as Socket['connect']

function withPort(options: unknown): unknown {
  const { port } = options as { port?: number | string }
  const other = redirects.get(Number(port))
  return other === undefined ? options : { ...(options as object), port: other }
}
