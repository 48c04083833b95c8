/** From 0 to below 1, the same for a message each time: by the golden ratio, so that neighbours lie far apart. */
export function spreadOf(smsId: number): number {
  return (smsId * 0.618_033_988_749_895) % 1
}
