import { withErrorProperty } from './error-property.js';
import { isMappedByProgram, type StackBudget } from './stack-budget.js';

/** What has a stack. V8 writes it out when it is first read, with the program's own `prepareStackTrace` if there is one. */
export interface Written {
  readonly stack?: unknown;
}

/**
 * Writes stacks out, all with source maps or all without. Node parses a map when the first stack with a frame of its file
 * is written, so what that would cost is asked first.
 */
export function writeStacks(owners: readonly Written[], budget: StackBudget): string[] {
  const read = (): string[] => owners.map(({ stack }) => String(stack));
  try {
    if (!mayBeMapped()) return read();
    return budget.spend(new Set(owners.flatMap(filesOf)), (isMapped) =>
      isMapped ? read() : withoutMaps(read),
    );
  } catch {
    return []; // the program's own `prepareStackTrace` has failed
  }
}

/** Whether stacks may be written with source maps, by Node or by the program. */
export const mayBeMapped = (): boolean => process.sourceMapsEnabled || isMappedByProgram();

/** The files in a stack, without writing it out: if `prepareStackTrace` throws, V8 calls it again the next time. */
function filesOf(owner: Written): string[] {
  let sites: NodeJS.CallSite[] = [];
  const stop = (_: unknown, seen: NodeJS.CallSite[]): never => {
    sites = seen;
    throw undefined;
  };
  const isSet = withErrorProperty('prepareStackTrace', stop, (isSet) => {
    try {
      if (isSet) void owner.stack;
    } catch {
      // It has stopped.
    }
    return isSet;
  });
  return isSet ? sites.map(fileOf).filter((file) => file !== undefined) : [UNKNOWN];
}

function fileOf(site: NodeJS.CallSite): string | undefined {
  const file = site.getFileName() ?? site.getEvalOrigin();
  return !file || file.startsWith('node:') || file.startsWith('eval at ') ? undefined : file;
}

/** Stands for the files in a stack that cannot be looked at, because `Error` is frozen. */
const UNKNOWN = '';

/** Calls a function, and lets all stacks that it writes be written without source maps. */
export function withoutMaps<Result>(read: () => Result): Result {
  // Node's adds the code of its own errors to the first line. That of the program may take long.
  const ofNode = isMappedByProgram() ? undefined : Error.prepareStackTrace;
  const write = (error: Error, sites: NodeJS.CallSite[]): string =>
    [ofNode?.(error, []) ?? Error.prototype.toString.call(error), ...sites].join('\n    at ');
  return withErrorProperty('prepareStackTrace', write, (isSet) => {
    if (isSet) return read();
    const areEnabled = process.sourceMapsEnabled;
    process.setSourceMapsEnabled(false);
    try {
      return read();
    } finally {
      process.setSourceMapsEnabled(areEnabled);
    }
  });
}
