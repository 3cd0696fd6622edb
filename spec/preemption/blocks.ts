/** Functions that block the thread forever. An interruption must report them by these names. */

export function loop(): void {
  for (;;);
}

export function backtrack(): void {
  /^(a+)+$/.test(`${'a'.repeat(40)}b`);
}

export function sleep(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

export const blocks: Record<string, () => void> = { loop, backtrack, sleep };
