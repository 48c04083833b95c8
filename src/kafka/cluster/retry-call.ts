/** Whether an error says that the same call may succeed later. */
function isRetriable(error: unknown): boolean {
  return error instanceof Error && 'retriable' in error && error.retriable === true
}

/** Repeats a call while it fails in a way that passes (see `errors.ts`), at most for `forMsMax`; then throws its error. */
export async function retryCall<T>(call: () => Promise<T>, forMsMax = 30_000): Promise<T> {
  const deadlineMs = Date.now() + forMsMax
  for (let waitMs = 50; ; waitMs = Math.min(1_000, waitMs * 2)) {
    try {
      return await call()
    } catch (error) {
      if (!isRetriable(error) || Date.now() + waitMs > deadlineMs) throw error
      await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
  }
}
