import { withErrorProperty } from '../report/error-property.js';
import { captureFew, captureTrace, framesOf, isBuiltIn, type Trace } from '../report/stack.js';
import type { StackBudget } from '../report/stack-budget.js';

/** What the stack of interrupted code shows. It is read in the middle of that code. */
export interface InterruptedStack {
  /**
   * Writes the stack out. Must not be called while the code is still running: source maps, or a program's own
   * `prepareStackTrace`, may use regular expressions. To run one in the middle of another one is fatal to V8.
   */
  readonly write: (stacks: StackBudget) => string;
  /** Whether the innermost function is one of Node, or runs in an async hook: neither must be stopped half-way. */
  readonly isInNode: boolean;
  /** Whether the inspector has called any function, or that is not known. */
  readonly isOfInspector: boolean;
  /** Whether any function is not one of Node. */
  readonly isOfProgram: boolean;
  /** Whether a CommonJS module is being loaded, or that is not known. */
  readonly mayBeRequiring: boolean;
  /** The module that is being loaded by an import, if one is. */
  readonly importing: string | undefined;
  /** Whether an ECMAScript module goes on after a top-level `await`, its own or one that it imports. */
  readonly isAwaitedModule: boolean;
}

/** Reads the stack of the code below a function that the watchdog has called; undefined if there is no such code. */
export function readStackBelow(called: (...args: never) => unknown): InterruptedStack | undefined {
  // If `Error` is frozen, V8 does not give the sites, and only a text of a few frames can be written later.
  const seen = withErrorProperty('prepareStackTrace', passSites, (isSet) =>
    isSet ? withErrorProperty('stackTraceLimit', Infinity, () => captureFew(called).stack) : undefined,
  );
  // While V8 writes another stack, it does not call `prepareStackTrace` for this one, and gives a text.
  const isWriting = typeof seen === 'string';
  const sites = isWriting ? undefined : (seen as NodeJS.CallSite[] | undefined);
  const trace = captureTrace(called);
  // The first frame is the expression that made the call.
  if (sites?.length === 1) return undefined;
  const frames = (sites ?? []).slice(1).filter((site) => !site.isAsync());
  const files = frames.map((site) => site.getFileName() ?? site.getEvalOrigin() ?? '');
  const inspector = files.lastIndexOf('node:inspector');
  const job = files.indexOf('node:internal/modules/esm/module_job');
  const importing = files.slice(0, Math.max(job, 0)).filter((file) => file !== '' && !isOfNode(file));
  return {
    write: (stacks) => write(trace, stacks),
    isInNode: isWriting || isOfNode(files.find((file) => file !== '')) || isInHook(frames),
    isOfInspector: isWriting || inspector !== -1,
    // What the inspector calls here are its replies, to the watchdog.
    isOfProgram: isWriting || files.slice(inspector + 1).some((file) => file !== '' && !isOfNode(file)),
    mayBeRequiring: sites === undefined || files.includes('node:internal/modules/cjs/loader'),
    importing: importing.at(-1),
    isAwaitedModule: isModule(frames.at(-1)),
  };
}

/** Returns a function that puts back the properties of `Error` that a look changes, in case it cannot do so itself. */
export function keepErrorProperties(): () => void {
  const kept = (['prepareStackTrace', 'stackTraceLimit'] as const).map(
    (name) => [name, Object.getOwnPropertyDescriptor(Error, name)] as const,
  );
  return () => {
    for (const [name, property] of kept) {
      if (property) Reflect.defineProperty(Error, name, property);
      else Reflect.deleteProperty(Error, name);
    }
  };
}

// No regular expressions in these: the interrupted code may be one, and to run another one then is fatal to V8.
const isOfNode = (file = ''): boolean => file.startsWith('node:');

/** Where Node calls the functions of async hooks. */
const HOOK_CALLS = 'node:internal/async_hooks';

/** The one function of that file that calls something else: what native code calls back. */
const CALLS_BACK = 'callbackTrampoline';

/** Whether an async hook is running. It may run between two parts of the code, and what ends there goes on with its next part. */
function isInHook(frames: readonly NodeJS.CallSite[]): boolean {
  const named = frames.filter((site) => site.getFileName());
  return named.some(
    (site, index) =>
      index > 0 &&
      site.getFileName() === HOOK_CALLS &&
      site.getFunctionName() !== CALLS_BACK &&
      !isOfNode(named[index - 1]?.getFileName() ?? ''),
  );
}

const passSites = (_: unknown, sites: unknown): unknown => sites;

/** Whether a frame is that of an ECMAScript module itself: it alone has no name and begins where its file begins. */
function isModule(site: NodeJS.CallSite | undefined): boolean {
  const file = site?.getFileName() ?? '';
  return (
    (file.startsWith('file:') || file.startsWith('data:')) &&
    !site?.getFunctionName() &&
    site?.getEnclosingLineNumber() === 1 &&
    site.getEnclosingColumnNumber() === 1
  );
}

/**
 * Writes a stack from the innermost frame to the outermost one that is of a file of the user, if there are such frames. The
 * first frame of all is the expression that has made the call, and is no part of the code.
 */
function write(trace: Trace, stacks: StackBudget): string {
  const frames = framesOf(trace, stacks).slice(1);
  const areOfUser = frames.map((frame) => !isBuiltIn(frame));
  const first = areOfUser.indexOf(true);
  const shown = first === -1 ? frames : frames.slice(first, areOfUser.lastIndexOf(true) + 1);
  return shown.join('\n') || UNKNOWN_PLACE;
}

/** In place of a stack that cannot be written, or that has no frames but those of this package. */
const UNKNOWN_PLACE = 'at an unknown place';
