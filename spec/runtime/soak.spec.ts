import { expect } from 'chai';
import type { InvocationResult } from '../../samples/local-lambda/invocation.js';
import { between, type Random, randomFrom, seedFrom } from '../support/random.js';
import { closeFunctions, functionOf, needsRealClient, printed } from './local-lambda.js';

const INVOCATIONS = 200;
/** Lets the heap, the compiled code and the inspector grow to their size first. */
const SETTLED_AFTER = 50;
const TIMEOUT_MS = 1120;
const DEADLINE_MS = TIMEOUT_MS - 1000;
const MEGABYTE = 2 ** 20;
/**
 * How much the median of the last fifty may lie above that of the first fifty after the settling. The collector lets the
 * resident memory swing by some 5 MB; what is kept by each preemption shows: an inspector session is above 0.1 MB, and
 * some 60 of the last 150 invocations are preempted.
 */
const GROWTH_BYTES = 8 * MEGABYTE;

const BLOCKS = ['spin', 'match', 'sleep'] as const;

interface Event {
  readonly id: number;
  readonly work?: string;
  readonly afterMs?: number;
  readonly report?: string;
}

interface Answer {
  readonly id: number;
  readonly residentBytes: number;
}

interface Kind {
  readonly name: string;
  /** How often it comes, beside the others. */
  readonly weight: number;
  readonly outcome: 'in time' | 'timed out' | 'preempted';
  step(random: Random): Omit<Event, 'id'>;
}

const anyBlock = (random: Random): string => BLOCKS[between(0, BLOCKS.length, random)] ?? '';
/** When the invocation is over, and the next one may be under way. */
const late = (random: Random): number => DEADLINE_MS + between(20, 150, random);

const KINDS: readonly Kind[] = [
  { name: 'in time at once', weight: 3, outcome: 'in time', step: () => ({}) },
  { name: 'in time', weight: 9, outcome: 'in time', step: (random) => ({ afterMs: between(0, 10, random) }) },
  { name: 'hung', weight: 6, outcome: 'timed out', step: () => ({ work: 'hang' }) },
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
    step: (random) => ({ work: anyBlock(random), afterMs: between(0, 80, random) }),
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
    step: (random) => ({ work: 'fail', afterMs: late(random) }),
  },
  {
    name: 'blocked late',
    weight: 3,
    outcome: 'timed out',
    step: (random) => ({ work: anyBlock(random), afterMs: late(random) }),
  },
];

function pick(random: Random): Kind {
  const all = KINDS.flatMap((kind) => new Array<Kind>(kind.weight).fill(kind));
  return all[between(0, all.length, random)] as Kind;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** What the hooks have printed. */
const told = (result: InvocationResult): string[] =>
  printed(result).filter((line) => /^INFO\t(reported|closed)/.test(line));

function expectAnswer({ status, response }: InvocationResult, id: number, which: string): number {
  expect(status, which).to.equal('succeeded');
  expect(response, which).to.include({ id });
  return (response as Answer).residentBytes;
}

function expectTimeout(result: InvocationResult, event: Event, isPreempted: boolean, which: string): void {
  expect(result.error?.errorType, `${which}: ${result.error?.errorMessage}`).to.equal('LambdaTimeoutError');
  expect(result.durationMs, which).to.be.within(DEADLINE_MS - 10, TIMEOUT_MS);
  const error = result.lines.find(({ text }) => text.includes('\tInvoke Error'))?.text ?? '';
  expect(error.split('\t')[1], which).to.equal(result.requestId);
  expect(JSON.parse(error.slice(error.indexOf('{'))), which).to.include({
    requestId: result.requestId,
    preempted: isPreempted,
  });
  const reported = event.report ? [] : [`INFO\treported ${event.id}: preempted ${isPreempted}`];
  expect(told(result), which).to.deep.equal([...reported, `INFO\tclosed ${event.id}: rejected`]);
}

describe('two hundred invocations in one process, mixed at random', function () {
  this.timeout(120_000);
  needsRealClient();
  afterEach(closeFunctions);

  const seed = seedFrom('SOAK_SEED');

  it(`are each answered with what they should be, in level memory (SOAK_SEED=${seed})`, async () => {
    const random = randomFrom(seed);
    const lambda = functionOf('preempting-handlers.mix', { timeoutMs: TIMEOUT_MS });
    const residentBytes: { readonly id: number; readonly bytes: number }[] = [];
    const processIds = new Set<number | undefined>();
    const late: string[] = [];

    for (let id = 0; id < INVOCATIONS; id++) {
      const { name, outcome, step } = pick(random);
      const event = { id, ...step(random) };
      const which = `${name}, ${JSON.stringify(event)}`;
      const result = await lambda.invoke(event);
      processIds.add(result.processId);
      if (name.endsWith(' late')) late.push(result.requestId);
      if (outcome === 'in time') residentBytes.push({ id, bytes: expectAnswer(result, id, which) });
      else expectTimeout(result, event, outcome === 'preempted', which);
    }
    // The last one may still be at it.
    await new Promise((resolve) => setTimeout(resolve, 2 * DEADLINE_MS));

    expect(processIds).to.have.property('size', 1);
    const log = lambda.log.map(({ text }) => text);
    expect(log.filter((text) => text.includes('crash'))).to.deep.equal([]);
    for (const requestId of late) {
      expect(log.filter((text) => text.includes(`in request ${requestId}`))).to.have.length(1);
    }
    const within = (from: number, to: number): number =>
      median(residentBytes.filter(({ id }) => id >= from && id < to).map(({ bytes }) => bytes));
    const grownBy =
      within(INVOCATIONS - SETTLED_AFTER, INVOCATIONS) - within(SETTLED_AFTER, 2 * SETTLED_AFTER);
    expect(grownBy, 'bytes of resident memory').to.be.below(GROWTH_BYTES);
  });
});
