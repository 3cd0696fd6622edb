import { AssertionError } from 'chai';

/** Waits for a promise to reject and answers with the reason; fails if it fulfils. */
export const expectRejection = (promise: unknown): Promise<unknown> =>
  Promise.resolve(promise).then(
    (value) => {
      throw new AssertionError(`expected a rejection, got ${JSON.stringify(value)}`);
    },
    (reason: unknown) => reason,
  );
