import { setTimeout as sleep } from 'node:timers/promises';
import { type BlockedAt, findBlockedAt } from '../blocked-at.js';
import type { InvocationResult, LogLine } from '../local-lambda/invocation.js';
import { findRuntimeClient } from '../local-lambda/runtime-client.js';
import { missing, type Sample, timedOutGracefully } from '../sample.js';
import type { Invoice, Total } from './handler.js';

const MAX_CONCURRENCY = 10;
const WORKER_COUNT = 2;
/**
 * How much later the others arrive. They begin before the stuck ones block their thread, and their own deadline comes
 * after the thread is free again.
 */
const OTHERS_AFTER_MS = 500;

interface Show {
  readonly invoice: Invoice;
  readonly result: InvocationResult;
  readonly threadId: number;
  readonly blockedAt: BlockedAt | undefined;
}

export const managedInstances: Sample<Invoice[]> = {
  name: 'managed-instances',
  shows: 'concurrent invocations in worker threads, of which only those that are stuck are interrupted',
  overlapping: true,
  async show({ event, startLambda, note }) {
    if (findRuntimeClient().name === 'embedded') {
      const skipped = 'not shown, since only AWS’s own runtime client aws-lambda-ric has worker threads';
      return { outcome: '', missing: [], skipped };
    }
    const lambda = await startLambda({
      maxConcurrency: MAX_CONCURRENCY,
      workerCount: WORKER_COUNT,
      env: { NODE_OPTIONS: '--enable-source-maps' },
    });
    const invoke = async (invoice: Invoice): Promise<Show> => {
      const result = await lambda.invoke(invoice);
      if (result.status === 'failed') await lambda.findLine((line) => isLastLineOf(result, line));
      return { invoice, result, threadId: findThread(result), blockedAt: await findBlockedAt(result.lines) };
    };
    const stuckInvoices = event.filter(hasEmptyLine);
    const otherInvoices = event.filter((invoice) => !stuckInvoices.includes(invoice));
    const begun = stuckInvoices.map(invoke);
    await lambda.findLine(() => lambda.log.filter(isStart).length === begun.length);
    await sleep(OTHERS_AFTER_MS);
    const [stuck, unharmed] = await Promise.all([Promise.all(begun), Promise.all(otherInvoices.map(invoke))]);
    const shows = [...stuck, ...unharmed];
    for (const show of shows) note(describe(show));
    return {
      outcome: `${stuck.length} invocations interrupted in ${stuck[0]?.blockedAt?.functionName}, ${unharmed.length} unharmed, one process`,
      missing: missing({
        'stuck invocations and others': stuck.length > 0 && unharmed.length > 0,
        'a LambdaTimeoutError before the deadline for each that is stuck': stuck.every(({ result }) =>
          timedOutGracefully(result),
        ),
        'the line at which each of them was interrupted': stuck.every(
          ({ blockedAt }) => blockedAt?.functionName === 'addUp',
        ),
        'its own total for each of the others': unharmed.every(
          ({ invoice, result }) => (result.response as Total | undefined)?.invoice === invoice.invoice,
        ),
        'a worker thread for each': shows.every(({ threadId }) => threadId > 0),
        'one process for all': new Set(shows.map(({ result }) => result.processId)).size === 1,
      }),
    };
  },
};

const isStart = ({ text }: LogLine): boolean => text.startsWith('START ');

/** The line of the hook comes after the one with the error. The lines of a worker thread can arrive after its response. */
const isLastLineOf = ({ requestId }: InvocationResult, line: LogLine): boolean =>
  line.requestId === requestId && line.text.includes('Set aside');

const hasEmptyLine = ({ text }: Invoice): boolean => /^\n|\n\n/.test(text);

/** Reads the worker thread from the response, or from the line of the hook. */
const findThread = ({ body, lines }: InvocationResult): number =>
  Number(`${body}${lines.map(({ text }) => text).join()}`.match(/"threadId":(\d+)/)?.[1]);

function describe({ invoice: { invoice }, result, threadId, blockedAt }: Show): string {
  const { status, response, error, durationMs } = result;
  const where = `${invoice} in thread ${threadId} after ${String(Math.round(durationMs)).padStart(4)} ms:`;
  if (status === 'succeeded') return `${where} ${(response as Total).total.toFixed(2)}`;
  return `${where} ${error?.errorType}, interrupted in ${blockedAt?.functionName} at ${blockedAt?.position}`;
}
