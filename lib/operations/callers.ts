import { withErrorProperty } from '../report/error-property.js';
import { captureFew } from '../report/stack.js';
import type { Entry } from './operations.js';

/** How many callers are looked at. */
const CALLERS = 8;

/** Whether one of the callers of a function is of a kind. No stack is written out for that. */
export function hasCaller(below: Entry, isOfKind: (caller: NodeJS.CallSite) => boolean): boolean {
  let isFound = false;
  const find = (_error: unknown, callers: NodeJS.CallSite[]): undefined => {
    isFound = callers.some(isOfKind);
  };
  withErrorProperty('stackTraceLimit', CALLERS, () =>
    withErrorProperty('prepareStackTrace', find, () => captureFew(below).stack),
  );
  return isFound;
}
