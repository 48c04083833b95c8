export interface IsolateOptions<Item, Result> {
  /** Applies items all or nothing, and returns what came of each in their order. */
  readonly apply: (items: readonly Item[]) => Promise<readonly Result[]>
  /**
   * Whether an error is the fault of what was applied. Others (a database that is down, a missing table) are rethrown.
   */
  readonly isItemFault: (error: unknown) => boolean
  /** What becomes of an item that fails alone: dead-lettered, reduced, refused. */
  readonly isolated: (item: Item, error: unknown) => Promise<Result> | Result
}

/**
 * Applies a batch, and bisects it where it fails until each bad item is alone: its neighbours are applied, and
 * a bad one among n costs about 2 log n tries. Items keep their order within each try and from try to try. Returns a
 * result for each item; throws only what is no item's fault, and then some items may have been applied already.
 */
export async function isolateFailures<Item, Result>(
  items: readonly Item[],
  options: IsolateOptions<Item, Result>,
): Promise<readonly Result[]> {
  if (items.length === 0) return []
  try {
    return await options.apply(items)
  } catch (error) {
    if (!options.isItemFault(error)) throw error
    if (items.length === 1) return [await options.isolated(items[0]!, error)]
    const half = items.length >> 1
    const first = await isolateFailures(items.slice(0, half), options)
    return [...first, ...(await isolateFailures(items.slice(half), options))]
  }
}
