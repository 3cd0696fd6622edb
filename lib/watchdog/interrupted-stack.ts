/** What can be told of the code that was interrupted, in the middle of it. */
export interface InterruptedStack {
  /**
   * Writes the stack out. Not to be called while the code is still running: source maps, or a program's own
   * `prepareStackTrace`, may use regular expressions, and to run one in the midst of an interrupted one is fatal to V8.
   */
  readonly write: () => string;
  /** Whether a function of Node is the innermost one, which must not be stopped half-way. */
  readonly isInNode: boolean;
  /** Whether a CommonJS module is being loaded. */
  readonly isRequiring: boolean;
  /** The ECMAScript module that is being loaded, if one is. */
  readonly importing: string | undefined;
}

const FRAMES = 50;

/** Reads the stack of the code below a function that was called from outside; undefined if there is no such code. */
export function readStackBelow(called: () => unknown): InterruptedStack | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error;
  // Not assigned, since `Error` may be frozen: then there are fewer frames, and nothing but what is written of them later.
  Reflect.set(Error, 'stackTraceLimit', FRAMES);
  const hasSites = Reflect.set(Error, 'prepareStackTrace', (_: unknown, sites: unknown) => sites);
  const sites = hasSites ? (capture(called).stack as unknown as NodeJS.CallSite[]) : undefined;
  Reflect.set(Error, 'prepareStackTrace', prepareStackTrace);
  const trace = capture(called);
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  // The first frame is the expression that made the call.
  if (sites?.length === 1) return undefined;
  const files = (sites ?? []).slice(1).map((site) => site.getFileName() ?? '');
  const job = files.indexOf('node:internal/modules/esm/module_job');
  return {
    write: () => write(trace),
    isInNode: files.find((file) => file !== '')?.startsWith('node:') ?? false,
    isRequiring: files.includes('node:internal/modules/cjs/loader'),
    importing: files[job - 1],
  };
}

function capture(called: () => unknown): { readonly stack: unknown } {
  const trace = { stack: undefined };
  Error.captureStackTrace(trace, called);
  return trace;
}

/** Writes a stack from the innermost frame on that is of a file, without the header and the calling expression. */
function write({ stack }: { readonly stack: unknown }): string {
  const frames = String(stack)
    .split('\n')
    .slice(2)
    .map((frame) => frame.trim());
  const first = frames.findIndex((frame) => !frame.includes('<anonymous>') && !frame.includes('node:'));
  return frames.slice(Math.max(first, 0)).join('\n');
}
