import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import type { InvocationResult } from '../../samples/local-lambda/invocation.js';
import { between, type Random, randomFrom, seedFrom } from '../support/random.js';
import { closeFunctions, functionOf, needsRealClient, printed } from './local-lambda.js';
import {
  BLOCKS,
  type Block,
  MODULE,
  PORT,
  SHORT_MS,
  type SoakAnswer,
  type SoakEvent,
  TIMEOUT_MS,
} from './soak.js';

const EVENTS = Number(process.env.SOAK_EVENTS ?? 200);
/** After this many events, the heap, the compiled code and the inspector have grown to their size. */
const SETTLED_AFTER = 50;
const MEGABYTE = 2 ** 20;
/**
 * How far the median of the last fifty may be above that of the first fifty after the settling. The garbage collector makes
 * the resident memory vary by about 5 MB. With 200 events, about 40 interruptions are between the two, and 800 with 2,000.
 * So a leak shows if each interruption keeps more than 0.2 MB, or 0.01 MB.
 */
const GROWTH_BYTES = 8 * MEGABYTE;

/** Hot loops sometimes make V8 double the space for young objects, up to 48 MB. That would hide a leak. */
const FIXED_YOUNG_GENERATION = '--max-semi-space-size=1';

type Step = Omit<SoakEvent, 'id'>;

interface Kind {
  readonly name: string;
  /** How often it comes, compared with the others. */
  readonly weight: number;
  readonly outcome: 'in time' | 'timed out' | 'preempted' | 'blocked in an answer';
  /** What still happens when its invocation is over. */
  readonly leaves?: 'an error' | 'a block';
  step(random: Random): Step;
}

const anyBlock = (random: Random): Block => BLOCKS[between(0, BLOCKS.length, random)] as Block;
/** How many ms after its deadline late code acts, at most. */
const LATE_MS = 150;
const late = (random: Random): number => SHORT_MS + between(20, LATE_MS, random);
/** The watchdog notices only code that takes some hundred ms, and must not interrupt it. */
const parseMs = (random: Random): number =>
  between(0, 4, random) === 0 ? between(300, 400, random) : between(0, 60, random);

const KINDS: readonly Kind[] = [
  { name: 'in time at once', weight: 3, outcome: 'in time', step: () => ({}) },
  { name: 'in time', weight: 4, outcome: 'in time', step: (random) => ({ afterMs: between(0, 10, random) }) },
  { name: 'with timers', weight: 4, outcome: 'in time', step: () => ({ work: 'wait' }) },
  { name: 'with a module', weight: 4, outcome: 'in time', step: () => ({ work: 'require' }) },
  {
    name: 'with the shared connection',
    weight: 8,
    outcome: 'in time',
    step: (random) => ({ work: 'ask', inAnswer: parseMs(random) }),
  },
  { name: 'hung', weight: 5, outcome: 'timed out', step: () => ({ work: 'hang' }) },
  {
    name: 'blocked at its start',
    weight: 6,
    outcome: 'preempted',
    step: (random) => ({ work: anyBlock(random) }),
  },
  {
    name: 'blocked after an await',
    weight: 6,
    outcome: 'preempted',
    step: (random) => ({ work: anyBlock(random), afterMs: between(0, 60, random) }),
  },
  {
    name: 'blocked in an answer',
    weight: 3,
    outcome: 'blocked in an answer',
    step: (random) => ({ work: 'ask', inAnswer: anyBlock(random) }),
  },
  {
    name: 'hung, with a blocked hook',
    weight: 3,
    outcome: 'timed out',
    step: (random) => ({ work: 'hang', report: anyBlock(random) }),
  },
  {
    name: 'blocked, with a blocked hook',
    weight: 2,
    outcome: 'preempted',
    step: (random) => ({ work: anyBlock(random), report: anyBlock(random) }),
  },
  {
    name: 'rejecting late',
    weight: 3,
    outcome: 'timed out',
    leaves: 'an error',
    step: (random) => ({ work: 'fail', afterMs: late(random) }),
  },
  {
    name: 'blocked late',
    weight: 1,
    outcome: 'timed out',
    leaves: 'a block',
    step: (random) => ({ work: anyBlock(random), afterMs: late(random) }),
  },
];
/** These have enough time to wait until code that has blocked for a second is interrupted. */
const PATIENT_KINDS = KINDS.filter(({ outcome }) => outcome === 'in time');

function pick(kinds: readonly Kind[], random: Random): Kind {
  const all = kinds.flatMap((kind) => new Array<Kind>(kind.weight).fill(kind));
  return all[between(0, all.length, random)] as Kind;
}

/** How long the process is frozen before an event, as Lambda freezes it. Undefined if it is not frozen. */
function pickFreeze(random: Random): number | undefined {
  const kind = between(0, 80, random);
  if (kind === 0) return between(1000, 1500, random);
  return kind < 25 ? between(0, 100, random) : undefined;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** What the hooks have printed. */
const told = (result: InvocationResult): string[] =>
  printed(result).filter((line) => /^INFO\t(reported|closed)/.test(line));

function expectAnswer({ status, response, error }: InvocationResult, id: number, which: string): number {
  expect(status, `${which}: ${error?.errorMessage}`).to.equal('succeeded');
  expect(response, which).to.include({ id });
  return (response as SoakAnswer).residentBytes;
}

function expectTimeout(
  result: InvocationResult,
  event: SoakEvent,
  isPreempted: boolean,
  which: string,
): void {
  expect(result.error?.errorType, `${which}: ${result.error?.errorMessage}`).to.equal('LambdaTimeoutError');
  expect(result.durationMs, which).to.be.within(SHORT_MS - 10, TIMEOUT_MS);
  const error = result.lines.find(({ text }) => text.includes('\tInvoke Error'))?.text ?? '';
  expect(error.split('\t')[1], which).to.equal(result.requestId);
  expect(JSON.parse(error.slice(error.indexOf('{'))), which).to.include({
    requestId: result.requestId,
    preempted: isPreempted,
  });
  const reported = event.report ? [] : [`INFO\treported ${event.id}: preempted ${isPreempted}`];
  expect(told(result), which).to.deep.equal([...reported, `INFO\tclosed ${event.id}: rejected`]);
}

/** Counts what invocations do when they are over. Each time, a warning must be logged with their request id. */
class LateWarnings {
  readonly #expected = new Map<string, number>();

  add(requestId: string): void {
    this.#expected.set(requestId, (this.#expected.get(requestId) ?? 0) + 1);
  }

  expectIn(log: readonly string[]): void {
    const found = new Map<string, string[]>();
    for (const text of log) {
      const [, requestId] = text.match(/ in request (\S+?):? /) ?? [];
      if (requestId) found.set(requestId, [...(found.get(requestId) ?? []), text]);
    }
    const counts = new Map([...found].map(([requestId, lines]) => [requestId, lines.length]));
    expect(counts, JSON.stringify([...found], undefined, 2)).to.deep.equal(this.#expected);
  }
}

/** Writes two modules that can be interrupted while they are being loaded, and returns the outer one. */
function writeModules(folder: string): string {
  const block = 'const { blockOnce } = globalThis; delete globalThis.blockOnce; blockOnce?.();';
  writeFileSync(join(folder, 'child.cjs'), `exports.first = 1; ${block} exports.second = 2;`);
  writeFileSync(
    join(folder, 'parent.cjs'),
    `exports.child = require('./child.cjs'); exports.isWhole = true;`,
  );
  return join(folder, 'parent.cjs');
}

describe(`${EVENTS} invocations in one process, mixed at random`, function () {
  this.timeout(60_000 + EVENTS * 500);
  needsRealClient();

  let folder: string;
  const server = createServer((socket) => {
    socket.on('data', (data) => socket.write(data)).on('error', () => {});
  });
  before((done) => {
    folder = mkdtempSync(join(tmpdir(), 'lambda-graceful-timeout-'));
    server.listen(0, '127.0.0.1', done);
  });
  after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  afterEach(closeFunctions);

  const seed = seedFrom('SOAK_SEED');

  it(`each have the expected outcome, and memory does not grow (SOAK_SEED=${seed})`, async () => {
    const withDomain = between(0, 2, randomFrom(seed)) === 0 ? ['--require', 'node:domain'] : [];
    const lambda = functionOf('soak-handlers.handler', {
      timeoutMs: TIMEOUT_MS,
      env: { [PORT]: String((server.address() as AddressInfo).port), [MODULE]: writeModules(folder) },
      execArgv: [FIXED_YOUNG_GENERATION, ...withDomain],
    });
    const residentBytes: { readonly id: number; readonly bytes: number }[] = [];
    const processIds = new Set<number | undefined>();
    const warnings = new LateWarnings();
    /** The invocation that has opened the shared connection. It has no id if it has not timed out. */
    let opener: { readonly requestId?: string } | undefined;
    /** Until this time, abandoned code may begin to block. */
    let restlessUntilMs = 0;

    for (let id = 0; id < EVENTS; id++) {
      // A new one for each event, so that its numbers depend only on the seed, and not on the time that earlier events took.
      const random = randomFrom(seed + 1 + id);
      const isRestless = performance.now() < restlessUntilMs;
      const kind = pick(isRestless ? PATIENT_KINDS : KINDS, random);
      const isPatient = PATIENT_KINDS.includes(kind);
      const event: SoakEvent = { id, isPatient, connects: between(0, 5, random) === 0, ...kind.step(random) };
      const freezeMs = pickFreeze(random);
      const which = `${kind.name}, ${JSON.stringify(event)}, frozen before for ${freezeMs} ms`;

      const [processId] = processIds;
      const isFrozen = processId !== undefined && freezeMs !== undefined;
      if (isFrozen) {
        process.kill(processId, 'SIGSTOP');
        await wait(freezeMs);
        restlessUntilMs += freezeMs;
      }
      const served = lambda.invoke(event);
      if (isFrozen) process.kill(processId, 'SIGCONT');
      const result = await served;

      processIds.add(result.processId);
      const { requestId } = result;
      const isOpening = event.connects || (event.work === 'ask' && !opener);
      // The callback belongs to the invocation that has opened the connection. Code that blocks in it counts as its code.
      const isOthers =
        kind.outcome === 'blocked in an answer' && !isOpening && opener?.requestId !== undefined;
      if (isOthers) warnings.add(opener?.requestId as string);
      if (kind.leaves) warnings.add(requestId);
      if (kind.leaves === 'a block') restlessUntilMs = performance.now() + 2 * LATE_MS;
      if (isOpening) opener = isPatient ? {} : { requestId };
      if (isPatient) residentBytes.push({ id, bytes: expectAnswer(result, id, which) });
      else expectTimeout(result, event, kind.outcome !== 'timed out' && !isOthers, which);
    }
    // Gives abandoned code the time to end, while the process is not frozen.
    const last = { id: EVENTS, isPatient: true, afterMs: LATE_MS + 50 };
    expectAnswer(await lambda.invoke(last), EVENTS, 'the last one');

    expect(processIds).to.have.property('size', 1);
    const log = lambda.log.map(({ text }) => text);
    expect(log.filter((text) => /crash|cannot be (preempted|interrupted)/.test(text))).to.deep.equal([]);
    warnings.expectIn(log);
    const within = (from: number, to: number): number =>
      median(residentBytes.filter(({ id }) => id >= from && id < to).map(({ bytes }) => bytes));
    const grownBy = within(EVENTS - SETTLED_AFTER, EVENTS) - within(SETTLED_AFTER, 2 * SETTLED_AFTER);
    expect(grownBy, 'bytes of resident memory').to.be.below(GROWTH_BYTES);
  });
});
