import { captureFew, withErrorProperty } from '../report/stack.js';
import type { Entry } from './operations.js';

/** Within how many frames a driver's own call is found. */
const FRAMES = 10;

/** Whether a method of a class is among the callers of a function, by the name of the class. */
export function isBelowMethodOf(typeName: string, below: Entry): boolean {
  let isFound = false;
  const find = (_error: unknown, sites: NodeJS.CallSite[]): undefined => {
    isFound = sites.some((site) => site.getTypeName() === typeName);
  };
  withErrorProperty('stackTraceLimit', FRAMES, () =>
    withErrorProperty('prepareStackTrace', find, () => captureFew(below).stack),
  );
  return isFound;
}
