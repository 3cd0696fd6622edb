import { expect } from 'chai';
import { programsOf } from '../support/programs.js';

const { run } = programsOf(import.meta.url);

/** How often each kind follows each one. */
export const ROUNDS = Number(process.env.ROUNDS ?? 1);
export const TIMEOUT_MS = 120_000 * ROUNDS;

/** The ways in which the endurance program blocks a handler. */
export const KINDS = [
  'a loop',
  'awaits',
  'awaits of a function',
  'promises',
  'ticks',
  'a timer',
  'an immediate among others',
  'vm with a timeout',
  'a script in this context with a timeout',
  'message channels',
  'messages',
  'stdout',
  'stderr',
] as const;

/** What is seen after one interruption. */
export interface EnduranceReport {
  readonly kind: string;
  /** The kind of the interruption before it. */
  readonly after: string;
  readonly error: string;
  readonly isInTime: boolean;
  /** What gives no sign of life. */
  readonly lost: readonly string[];
  readonly warnings: readonly string[];
}

/** After a loop of a standard stream, a later write may fail: see docs/preemption.md. */
const STREAMS: readonly string[] = ['stdout', 'stderr'];
const ENDED = KINDS.filter((kind) => !STREAMS.includes(kind));

export interface EnduranceOptions {
  /** Who has an async hook. */
  readonly listener?: string;
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Interrupts a process again and again, so that each kind follows each one, and proves that it loses nothing. */
export async function expectEndured({ listener = 'nobody', ...others }: EnduranceOptions): Promise<void> {
  const { code, signal, stdout } = await run('endurance-program', [listener, String(ROUNDS), ...ENDED], {
    timeoutMs: TIMEOUT_MS,
    isTimed: true,
    ...others,
  });
  const reports = stdout.filter((line) => line.startsWith('{"kind"')).map((line) => JSON.parse(line));
  for (const report of reports as EnduranceReport[]) {
    expect(report, `${report.kind} after ${report.after}`).to.deep.include({
      error: 'LambdaTimeoutError, true',
      isInTime: true,
      lost: [],
      warnings: [],
    });
  }
  expect({ code, signal }).to.deep.equal({ code: 0, signal: null });
  expect(reports).to.have.length(2 * ENDED.length ** 2 * ROUNDS);
}
