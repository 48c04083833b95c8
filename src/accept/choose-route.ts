import type { RouteCandidate } from '../domain/routing/rank-routes.ts'

export interface RoutableMessage {
  /** E.164. */
  readonly phone: string
  readonly sender: string | null
  readonly priority: number
}

/** How a message is to go out. */
export interface ChosenRoute extends RouteCandidate {
  /** The network of its number, if a route asked for it. */
  readonly mccMnc: string | null
}

/**
 * Chooses the way of one of a request's messages. Throws Problem: there is none, or it does not permit the sender;
 * `pointer` is the message's place in the request's body.
 */
export type ChooseRoute = (message: RoutableMessage, pointer: string) => ChosenRoute
