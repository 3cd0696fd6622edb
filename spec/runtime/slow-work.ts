/** The three ways to be late, for the specs of what a timeout reports. */
export interface SlowWork {
  readonly work: 'waits' | 'blocks' | 'is stuck';
  /** The URL of a server that does not answer. */
  readonly url: string;
}

const BLOCKED_MS = 500;

export async function work({ work, url }: SlowWork): Promise<void> {
  if (work === 'blocks') blockFor(BLOCKED_MS);
  if (work === 'is stuck') blockFor(Number.POSITIVE_INFINITY);
  await fetch(url);
}

function blockFor(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}
