type AnyFunction = (...args: never) => unknown;

/** A stack as V8 keeps it. Whoever reads `stack` has it written out, by the program's own `prepareStackTrace` if it has one. */
export interface Trace {
  readonly stack: unknown;
}

/** How many frames are kept: those of Node and of an SDK can come before the user's own. */
const FRAMES = 50;

/** Notes the stack below a function, however few frames the program asks for in its errors. */
export const captureTrace = (below: AnyFunction): Trace =>
  withErrorProperty('stackTraceLimit', FRAMES, () => captureFew(below));

/** Notes the stack below a function, as far as the program asks for it in its errors. */
export function captureFew(below: AnyFunction): Trace {
  const trace = { stack: undefined };
  Error.captureStackTrace(trace, below);
  return trace;
}

/** Runs code with a property of `Error` set, where that is possible, and leaves it as it was. */
export function withErrorProperty<Result>(
  name: 'prepareStackTrace' | 'stackTraceLimit',
  value: unknown,
  code: (isSet: boolean) => Result,
): Result {
  const isThere = Object.hasOwn(Error, name);
  const before = Error[name];
  try {
    return code(Reflect.set(Error, name, value));
  } finally {
    if (isThere) Reflect.set(Error, name, before);
    else Reflect.deleteProperty(Error, name);
  }
}

/** Calls a method of the user. In a stack, the frame of this function is where the user's code ends. */
export const callUserCode = (method: AnyFunction, self: unknown, args: readonly unknown[]): unknown =>
  method.apply(self, args as never);

/** Writes out the frames of a stack, the innermost one first, down to where the user's code ends and without this package. */
export function framesOf(trace: Trace): string[] {
  const { place, folder } = whereUserCodeEnds();
  const frames = write(trace);
  const end = frames.findIndex((frame) => frame.endsWith(place));
  const inner = end === -1 ? frames : frames.slice(0, end);
  return folder === undefined ? inner : inner.filter((frame) => !frame.includes(folder));
}

/** Whether a frame is of no file of the user: one of Node, or of a function that is built in. */
export const isBuiltIn = (frame: string): boolean =>
  !/:\d+:\d+\)?$/.test(frame) || /[ (]node:|<anonymous>:/.test(frame);

function write(trace: Trace): string[] {
  try {
    const lines = String(trace.stack).split('\n');
    return lines.map((line) => line.trim()).filter((line) => line.startsWith('at '));
  } catch {
    return []; // the program's own `prepareStackTrace` has failed
  }
}

/**
 * Finds out what the frame of `callUserCode` ends with, and in which folder this package is. A bundler may have put it into
 * a file of the user, and a minifier may have given the function any name.
 */
function whereUserCodeEnds(): { readonly place: string; readonly folder: string | undefined } {
  const capture = (): Trace => captureTrace(capture);
  const [frame = NO_FRAME] = write(callUserCode(capture, undefined, []) as Trace);
  const place = frame.slice(Math.max(frame.lastIndexOf(' '), frame.lastIndexOf('(')) + 1);
  return { place, folder: OWN_FOLDER.exec(place)?.[0] };
}

/** Where a package manager has put this package, or where its sources are. */
const OWN_FOLDER = /^.+[\\/](?:node_modules[\\/]lambda-graceful-timeout[\\/]|(?=report[\\/]stack\.[jt]s:))/;

/** No line ends like this. */
const NO_FRAME = '\n';
