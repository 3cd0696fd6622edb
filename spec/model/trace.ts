import fc from 'fast-check';
import type { End, Run } from './run.js';
import type { Code } from './scenario.js';

/** Something that is observed in a scenario. The text names the request if it belongs to a call. */
export interface Line {
  readonly atMs: number;
  readonly text: string;
  /** Whether it happens only once per class. */
  readonly isOncePerClass?: boolean;
}

/**
 * Sorts the lines by call, because the contract sets no order between calls. For the same reason, what abandoned code
 * does and what a promise reports comes after everything else of its millisecond.
 */
export function byCall(lines: readonly Line[]): Record<string, string[]> {
  const calls: Record<string, Line[]> = {};
  for (const line of lines) {
    const call = /request-\d/.exec(line.text)?.[0] ?? 'class';
    calls[call] ??= [];
    calls[call].push(line);
  }
  const written = Object.entries(calls).map(([call, own]) => [call, own.sort(compare).map(write)]);
  return Object.fromEntries(written);
}

const compare = (one: Line, other: Line): number =>
  one.atMs - other.atMs ||
  Number(isUnordered(one)) - Number(isUnordered(other)) ||
  (isUnordered(one) ? one.text.localeCompare(other.text) : 0);

const isUnordered = ({ text }: Line): boolean =>
  / late, after | left an error uncaught| by its race| wakes| left running /.test(text) ||
  !text.includes('request-');

const write = ({ atMs, text }: Line): string => `${atMs} ms: ${text}`;

/** Collects what must be observed of one call. */
export class CallTrace {
  readonly #lines: Line[] = [];
  readonly #request: string;
  readonly #hasContext: boolean;
  readonly #hardDeadline: number;
  /** When code blocks the event loop, and when something is due, which can be during a block. */
  readonly #blocks: (readonly [fromMs: number, toMs: number])[] = [];
  readonly #due: number[] = [];

  constructor(request: string, hasContext: boolean, hardDeadline: number) {
    this.#request = request;
    this.#hasContext = hasContext;
    this.#hardDeadline = hardDeadline;
  }

  see(atMs: number, text: string): void {
    this.#add(atMs, `${this.#request}: ${text}`);
  }

  log(atMs: number, level: 'error' | 'warn', message: string, detail: unknown): void {
    this.#add(atMs, `${level}: ${message}: ${detail}`);
  }

  warnOncePerClass(atMs: number, message: string): void {
    this.#add(atMs, `warn: ${message}: ${A_HINT}`, true);
  }

  /** What is observed of code itself, whether it has ended or not. */
  seeRun(name: string, code: Code, { expiresAt, toldAt, wakesAt }: Run, limit: number, error: string): void {
    const { asks, stray, waitsMs } = code;
    this.#due.push(toldAt);
    this.see(toldAt, `${name} is told ${error} by its ${asks}`);
    const left = asks === 'no' ? '' : timeLeft(Math.max(0, limit - wakesAt));
    if (waitsMs > 0) this.see(wakesAt, `${name} wakes${left}`);
    if (asks === 'signal' && /promise|error/.test(stray)) this.#seeStray(name, toldAt);
    if (asks === 'signal' && /promise/.test(stray) && expiresAt <= wakesAt) this.#seeStray(name, wakesAt);
  }

  /** What is observed of code that ends when nobody waits for it any more (R16). */
  seeLate(name: string, atMs: number, end: End): void {
    this.#due.push(atMs);
    if (end.as === 'fulfilled')
      this.#warnOfLate(atMs, `${name} answered late, after it had timed out`, A_HINT);
    // Whether each of several errors leads to a timeout is not followed here.
    fc.pre(
      end.as !== 'rejected' || atMs === Number.POSITIVE_INFINITY || ![end.with, end.around].some(isMixed),
    );
    if (end.as === 'rejected' && !isTimeout(`${end.with}`) && !isTimeout(`${end.around ?? ''}`)) {
      this.#warnOfLate(atMs, `${name} rejected late, after it had ended`, end.with);
    }
  }

  #seeStray(name: string, atMs: number): void {
    const stray = `the stray error of ${this.#request} ${name}`;
    this.#warnOfLate(atMs, `${name} left an error uncaught, after its deadline`, stray);
  }

  #warnOfLate(atMs: number, what: string, detail: unknown): void {
    this.#due.push(atMs);
    const inRequest = `in request ${this.#hasContext ? this.#request : 'without an id'}`;
    this.log(atMs, 'warn', `${what}, ${inRequest}`, detail);
  }

  /** What something that the handler has left running sees of its deadline (R24). */
  seeLeftOver(atMs: number, leftMs: number): void {
    this.#due.push(atMs);
    this.see(atMs, `what is left running has${timeLeft(leftMs)}`);
  }

  block(fromMs: number, toMs: number): void {
    this.#blocks.push([fromMs, toMs]);
  }

  /** What is observed. The contract does not say when, if something was due while code blocked the event loop. */
  get lines(): readonly Line[] {
    fc.pre(!this.#due.some((atMs) => this.#blocks.some(([fromMs, toMs]) => fromMs <= atMs && atMs < toMs)));
    return this.#lines;
  }

  /** The error that is made at `atMs` for a deadline at `limit`. */
  timeoutError(atMs: number, message: string, limit: number): string {
    const remainingMs = Math.round(this.#hardDeadline - atMs);
    return timeoutError(message, this.#request, remainingMs, Math.max(0, Math.round(atMs - limit)));
  }

  #add(atMs: number, text: string, isOncePerClass = false): void {
    if (atMs !== Number.POSITIVE_INFINITY) this.#lines.push({ atMs, text, isOncePerClass });
  }
}

/**
 * Whether an error is a timeout, or several of them and nothing else. Each timeout has a line of its own, and an error around
 * it says nothing more (R16).
 */
const isTimeout = (text: string): boolean =>
  / (timed out|was abandoned) /.test(text) && !/the \w*[eE]rror of|undefined/.test(text);

/** Whether an error holds timeouts and other errors. */
const isMixed = (error: unknown): boolean =>
  /^all of .*( timed out | was abandoned )/.test(`${error}`) &&
  /the \w*[eE]rror of|undefined/.test(`${error}`);

/** Replaces a detail that tells the user what to do. */
export const A_HINT = 'a hint';

/** The text that stands for a LambdaTimeoutError. */
export const timeoutError = (
  message: string,
  request: string,
  remainingMs: number,
  lateByMs: number,
): string => `${shorten(message)} [${request}, ${remainingMs} ms left, ${lateByMs} ms late]`;

/** Removes from a message what kept the invocation busy. */
export const shorten = (message: string): string =>
  message.replace(/(after -?\d+ ms|share of the margin, \d+ ms)[,;].*/, '$1');

export const aggregateError = (errors: readonly unknown[]): string =>
  `all of (${errors.map(String).join(', ')})`;

/** What code that asks for its deadline learns about its time. */
export const timeLeft = (ms: number): string => ` with ${Math.round(ms * 1000) / 1000} ms left`;

export const asking = ({ asks }: Code, ms: number): string =>
  asks === 'no' || asks === 'late' ? '' : timeLeft(ms);
