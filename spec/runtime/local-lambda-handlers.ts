/** Functions that tell what the local Lambda lets them do, without this package. */

const SPIN_MS = 60;

/** The part of a CPU that this process gets, as far as it can tell while it works for so long. */
function measureCpus(forMs: number): number {
  const startedAtMs = performance.now();
  const { user, system } = process.cpuUsage();
  let elapsedMs = 0;
  while (elapsedMs < forMs) elapsedMs = performance.now() - startedAtMs;
  const used = process.cpuUsage({ user, system });
  return (used.user + used.system) / 1000 / elapsedMs;
}

const cpusInInit = measureCpus(SPIN_MS);

/** Tells the part of a CPU that it had in its init phase, and that which it has now. */
export const working = async (event: { readonly forMs: number }): Promise<object> => ({
  cpusInInit,
  cpus: measureCpus(event.forMs),
  memoryMb: Number(process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE),
});

let ticks = 0;
const EVERY_MS = 10;

/** Tells how often a timer has fired which its first invocation leaves running. */
export const ticking = async (): Promise<number> => {
  if (ticks === 0) {
    ticks = 1;
    setInterval(() => {
      ticks += 1;
    }, EVERY_MS).unref();
  }
  return ticks;
};

/** Prints at once what it has to, and later what it has left for later. */
export const leaving = async (): Promise<string> => {
  console.log('in time');
  setTimeout(() => console.log('left for later'), EVERY_MS);
  return 'done';
};

export const hanging = (): Promise<never> => new Promise(() => setTimeout(() => {}, 60_000));
