type AnyFunction = (...args: never) => unknown;

/** A stack as V8 keeps it. Reading `stack` writes it out, with the program's own `prepareStackTrace` if there is one. */
export interface Trace {
  readonly stack: unknown;
}

/** How many frames are kept. Frames of Node and of an SDK can come before those of the user. */
const FRAMES = 50;

/** Captures the stack below a function, however few frames the program keeps in its errors. */
export const captureTrace = (below: AnyFunction): Trace =>
  withErrorProperty('stackTraceLimit', FRAMES, () => captureFew(below));

/** Captures the stack below a function, with as many frames as the program keeps in its errors. */
export function captureFew(below: AnyFunction): Trace {
  const trace = { stack: undefined };
  Error.captureStackTrace(trace, below);
  return trace;
}

/** Runs code with a property of `Error` set, where that is possible, and then restores the property. */
export function withErrorProperty<Result>(
  name: 'prepareStackTrace' | 'stackTraceLimit',
  value: unknown,
  code: (isSet: boolean) => Result,
): Result {
  const isThere = Object.hasOwn(Error, name);
  const before = Error[name];
  try {
    return code(set(name, value));
  } finally {
    if (isThere) set(name, before);
    else Reflect.deleteProperty(Error, name);
  }
}

/** Sets a property of `Error`; answers whether that was possible. */
function set(name: keyof ErrorConstructor, value: unknown): boolean {
  try {
    return Reflect.set(Error, name, value);
  } catch {
    return false; // the program has given it a setter that throws
  }
}

/** Calls a method of the user. The frame of this function marks where the user's code ends in a stack. */
export const callUserCode = (method: AnyFunction, self: unknown, args: readonly unknown[]): unknown =>
  method.apply(self, args as never);

/** Writes out the frames of a stack, the innermost one first, as far as the user's code goes, and without this package. */
export function framesOf(trace: Trace): string[] {
  const { place, folder } = whereUserCodeEnds();
  const frames = write(trace);
  const end = frames.findIndex((frame) => frame.endsWith(place));
  const inner = end === -1 ? frames : frames.slice(0, end);
  return folder === undefined ? inner : inner.filter((frame) => !frame.includes(folder));
}

/** Whether a frame is of Node or of a built-in function, and so of no file of the user. */
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
 * Finds out what the frame of `callUserCode` ends with, and in which folder this package is. It has to look at a stack: a
 * bundler may have moved the function into a file of the user, and a minifier may have renamed it.
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
