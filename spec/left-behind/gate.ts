/** What replaces `process.emit`, and puts back what it has found there. */
export const PATCHES = [
  'an assignment',
  'an assignment that is deleted',
  'Object.defineProperty',
  'a getter',
  'a frozen prototype',
  'signal-exit 3',
  'signal-exit 3, unloaded',
  'signal-exit 4',
  'source-map-support',
  'async-exit-hook',
  'a stub of sinon',
  'execa 9',
  'execa 5',
] as const;

/** `p`: it is put in place. `u`: the first one that is in place is undone. `l`: the last one is. `t`: a timeout. */
export type Step = 'p' | 'u' | 'l' | 't';

/** What a program does, in this order, before code leaves errors uncaught. */
export interface Scenario {
  readonly patch: (typeof PATCHES)[number];
  readonly steps: readonly Step[];
  /** Whether code of no invocation leaves an error uncaught in the end. */
  readonly strikes: boolean;
}
