/** An error whose message says all that its reader needs: what is wrong and what to do. Shown without a stack. */
export class ExpectedError extends Error {}
