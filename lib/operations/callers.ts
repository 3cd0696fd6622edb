import { withErrorProperty } from '../report/error-property.js';
import { captureFew } from '../report/stack.js';
import type { Entry } from './operations.js';

/** How many callers are looked at. Up to ten are Node's own, which tell a channel. */
const CALLERS = 16;

/** Whether the callers of a function, the innermost one first, pass a test. No stack is written out for that. */
export function doCallersPass(below: Entry, test: (callers: readonly NodeJS.CallSite[]) => boolean): boolean {
  let isFound = false;
  const find = (_error: unknown, callers: NodeJS.CallSite[]): undefined => {
    isFound = test(callers);
  };
  withErrorProperty('stackTraceLimit', CALLERS, () =>
    withErrorProperty('prepareStackTrace', find, () => captureFew(below).stack),
  );
  return isFound;
}
