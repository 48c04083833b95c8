export interface Post {
  readonly path: '/v1/messages' | '/v1/messages/batch'
  readonly body: string
}

/** The nth post: a message alone, or a batch of so many. */
export function postOf(n: number, messages: number, phones: number): Post {
  if (messages === 1) return { path: '/v1/messages', body: messageBody(n, phones) }
  const bodies = Array.from({ length: messages }, (_, index) => messageBody(n * messages + index, phones))
  return { path: '/v1/messages/batch', body: `{"messages":[${bodies.join()}]}` }
}

function messageBody(n: number, phones: number): string {
  const to = `+98912${String((n * 7_919) % phones).padStart(7, '0')}`
  return JSON.stringify({ to, text: `Message ${n}: your parcel arrives today between 14:00 and 16:00.` })
}

/** What the answer says was accepted. A batch's is long, and only its count is wanted, with which it begins. */
export function acceptedOf({ path }: Post, answer: string): { count: number; smsId: number | null } {
  if (path === '/v1/messages') return { count: 1, smsId: (JSON.parse(answer) as { sms_id: number }).sms_id }
  return { count: Number(/"accepted":(\d+)/.exec(answer)?.[1] ?? 0), smsId: null }
}
