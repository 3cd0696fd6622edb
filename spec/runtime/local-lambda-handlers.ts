/** Functions that report what the local Lambda lets them do. They do not use this package. */

const SPIN_MS = 60;

/** Works for this time, and measures the part of a CPU that this process gets. */
function measureCpus(forMs: number): number {
  const startedAtMs = performance.now();
  const { user, system } = process.cpuUsage();
  let elapsedMs = 0;
  while (elapsedMs < forMs) elapsedMs = performance.now() - startedAtMs;
  const used = process.cpuUsage({ user, system });
  return (used.user + used.system) / 1000 / elapsedMs;
}

const cpusInInit = measureCpus(SPIN_MS);

/** Returns the part of a CPU that it had in its init phase, and the part that it has now. */
export const working = async (event: { readonly forMs: number }): Promise<object> => ({
  cpusInInit,
  cpus: measureCpus(event.forMs),
  memoryMb: Number(process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE),
});

let ticks = 0;
const EVERY_MS = 10;

/** Returns how often a timer has fired. The first invocation starts it and leaves it running. */
export const ticking = async (): Promise<number> => {
  if (ticks === 0) {
    ticks = 1;
    setInterval(() => {
      ticks += 1;
    }, EVERY_MS).unref();
  }
  return ticks;
};

/** Longer than it takes to freeze a process on a busy machine, and shorter than the specs pause. */
const LATER_MS = 200;

/** Prints one line at once, and one line after it has returned. */
export const leaving = async (): Promise<string> => {
  console.log('in time');
  setTimeout(() => console.log('left for later'), LATER_MS);
  return 'done';
};

export const hanging = (): Promise<never> => new Promise(() => setTimeout(() => {}, 60_000));

/** What a streaming function is asked to do, in this order. */
export interface Streaming {
  readonly writes?: boolean;
  /** Ends the process. */
  readonly exits?: boolean;
  readonly throws?: boolean;
  readonly hangs?: boolean;
  /** Blocks the event loop after its end. */
  readonly blocks?: boolean;
}

export const streaming = awslambda.streamifyResponse<Streaming>(async (event, stream) => {
  if (event.writes) {
    stream.write('one ');
    await new Promise((resolve) => setTimeout(resolve, SPIN_MS));
  }
  if (event.exits) process.exit(0);
  if (event.throws) throw new Error('thrown');
  if (event.hangs) await hanging();
  stream.end('two');
  if (!event.blocks) return;
  await new Promise((resolve) => setTimeout(resolve, SPIN_MS));
  for (;;);
});
