import { AsyncResource, createHook } from 'node:async_hooks';

// Taken now, so that a test that fakes timers later fakes none of these.
const { setImmediate, setTimeout } = globalThis;
const { nextTick } = process;

/**
 * Asks all that an interruption may have damaged for a sign of life.
 *
 * @param hasStreams - whether Node writes to its standard streams synchronously, as on the main thread
 * @param onSign - is called when a part has given one
 * @returns names the parts that have not given one yet
 */
export function askForSignsOfLife(hasStreams: boolean, onSign: () => void): () => readonly string[] {
  const missing = new Set<string>();
  const sign = (part: string): (() => void) => {
    missing.add(part);
    return () => {
      missing.delete(part);
      onSign();
    };
  };
  setTimeout(sign('setTimeout'), 1);
  setImmediate(sign('setImmediate'));
  nextTick(sign('process.nextTick'));
  void Promise.resolve().then(sign('await'));
  missing.add('createHook');
  // No `onSign` here: what it makes would call the hook again.
  const hook = createHook({ init: () => void missing.delete('createHook') }).enable();
  new AsyncResource('LambdaGracefulTimeout');
  hook.disable();
  const streams = hasStreams ? STREAMS : [];
  return () => [...missing, ...streams.filter((name) => !isDrained(name))];
}

const STREAMS = ['stdout', 'stderr'] as const;

/** Whether all that was written to a stream has left it, or waits for its reader. */
function isDrained(name: (typeof STREAMS)[number]): boolean {
  const stream = process[name] as NodeJS.WriteStream & { _handle?: { readonly writeQueueSize?: number } };
  // The interrupted code may have been about to do so.
  while (stream.writableCorked > 0) stream.uncork();
  return stream.destroyed || stream.writableLength === 0 || Number(stream._handle?.writeQueueSize) > 0;
}

/** What Node keeps of a stream. */
interface WritableState {
  length: number;
  writing: boolean;
  bufferProcessing: boolean;
  readonly writecb: unknown;
  readonly onwrite: () => void;
}

/** Goes on with the standard streams to a file that wait for the end of a write that was interrupted. */
export function mendStreams(): void {
  for (const name of STREAMS) {
    if (isDrained(name)) continue;
    const { _handle: handle, _writableState: state } = process[name] as {
      readonly _handle?: object;
      readonly _writableState?: WritableState;
    };
    // One with a handle may have told the system of the write.
    if (handle || !state) continue;
    state.bufferProcessing = false;
    if (state.writing && typeof state.writecb === 'function') state.onwrite();
    else Object.assign(state, { writing: false, length: 0 });
  }
}

/** Whether an error comes of a `MessagePort` whose making was interrupted, when Node closes it. Nobody can have such a port. */
export const isOfHalfMadePort = (error: unknown): boolean =>
  error instanceof TypeError &&
  /\bMessagePort\.onclose \(node:internal\/worker\/io:/.test(String(error.stack));
