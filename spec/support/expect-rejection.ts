import { AssertionError } from 'chai';

/** Waits until a promise rejects, and returns the reason. Fails if the promise fulfils. */
export const expectRejection = (promise: unknown): Promise<unknown> =>
  Promise.resolve(promise).then(
    (value) => {
      throw new AssertionError(`expected a rejection, got ${JSON.stringify(value)}`);
    },
    (reason: unknown) => reason,
  );
