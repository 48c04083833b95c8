const POLL_MS = 100

/** Looks again and again until what it sees satisfies; returns what it saw last when the time is over. */
export async function eventually<T>(
  look: () => Promise<T> | T,
  satisfies: (seen: T) => boolean,
  msMax = 60_000,
): Promise<T> {
  const deadlineMs = Date.now() + msMax
  while (true) {
    const seen = await look()
    if (satisfies(seen) || Date.now() > deadlineMs) return seen
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
