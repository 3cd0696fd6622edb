import { expect } from 'chai';
import { programsOf } from '../support/programs.js';
import type { InvocationReport } from './neighbours.js';

const { reportOf } = programsOf(import.meta.url);

type Invocations = Readonly<Record<string, InvocationReport>>;

interface Report {
  readonly warnings: readonly string[];
}

const SERVED = { value: 'served', hooks: ['close'] };

/** An invocation that timed out. Its code was interrupted in the given function, or not interrupted if that is null. */
const timedOut = (blockedAt: string | null): InvocationReport => ({
  error: 'LambdaTimeoutError',
  isInTime: true,
  blockedAt,
  hooks: ['report', 'close'],
});

const seen = <Extra = unknown>(
  scenario: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Report & Invocations & Extra> => reportOf('neighbours-program', scenario, { env });

/** Lambda gives an ordinary function one event at a time. */
const ORDINARY = { AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9001' };

describe('Beside code that blocks the event loop (R27)', function () {
  this.timeout(30_000);

  describe('an invocation that still has time', () => {
    it('can block until its own deadline, and an expired invocation is interrupted as soon as its own code runs', async () => {
      const { expired, innocent, next, warnings } = await seen('innocent');
      expect(innocent?.value).to.be.within(400, 2000);
      expect(innocent?.hooks).to.deep.equal(['close']);
      expect(expired).to.deep.equal(timedOut('at loop'));
      expect(next).to.deep.equal(SERVED);
      expect(warnings).to.deep.equal([]);
    });

    it('is not interrupted in a callback of a socket that an earlier invocation has opened', async () => {
      const { innocent, next, warnings } = await seen('innocent in the context of an earlier invocation');
      expect(innocent?.value).to.be.within(400, 2000);
      expect(next).to.deep.equal(SERVED);
      expect(warnings).to.deep.equal([]);
    });

    it('times out with its hooks if an interruption has dropped its next microtask', async () => {
      const { expired, neighbour, next, warnings } = await seen('lost microtask');
      expect(expired).to.deep.equal(timedOut('at loop'));
      expect(neighbour).to.deep.equal(timedOut(null));
      expect(next).to.deep.equal(SERVED);
      expect(warnings).to.deep.equal([]);
    });
  });

  it('code of no invocation is interrupted only if the watchdog finds it twice in one turn of the event loop', async () => {
    expect(await reportOf('passing-program', 'code of no invocation')).to.deep.equal([0, 0, 0, 0, 1]);
  });

  it('code whose cut-off has moved is interrupted at the new cut-off, not at the old one', async () => {
    expect(await reportOf('passing-program', 'a cut-off that has moved')).to.deep.equal([0, 1]);
  });

  it('does not end code of an invocation without `preempt`', async () => {
    expect(await reportOf('passing-program', 'code that nobody watches')).to.equal(0);
  });

  it('waits for a function of Node to return while the hooks have half of their time left, and ends it then (R27a)', async () => {
    expect(await reportOf('passing-program', 'a function of Node')).to.deep.equal([0, 0, 1]);
  });

  it('waits for an async hook likewise, because code that is ended between two of its ticks goes on', async () => {
    expect(await reportOf('passing-program', 'an async hook')).to.deep.equal([0, 0, 1]);
  });

  it('asks V8 for nothing while V8 tells of an end, because it would free what it is using', async () => {
    const report = await reportOf('passing-program', 'an end that V8 is telling of');
    expect(report).to.deep.equal({ answer: true, begun: 1, ended: 1 });
  });

  it('ends abandoned code as soon as it keeps an invocation waiting at its deadline, and not only at its cut-off', async () => {
    expect(await reportOf('passing-program', 'abandoned code beside one in its grace')).to.deep.equal([0, 1]);
  });

  it('tells the invocation that it was interrupted, and warns, where Node cannot be mended', async () => {
    expect(await reportOf('passing-program', 'a mending that fails')).to.deep.equal({
      blockedAts: ['between two microtasks'],
      obstacles: ['Error: Node has changed'],
    });
  });

  it('says why, if the watching thread fails', async () => {
    expect(await reportOf('passing-program', 'a thread that fails')).to.deep.equal(['no thread']);
  });

  it('begins no interruption for which the stack has no room', async () => {
    expect(await reportOf('passing-program', 'the limit of the stack')).to.deep.equal({ begun: 1, ended: 1 });
  });

  describe('abandoned code that blocks later', () => {
    it('is interrupted as often as it blocks', async () => {
      const { interruptions, next } = await seen<{ interruptions: number }>('abandoned again and again');
      expect(interruptions).to.equal(5);
      expect(next).to.deep.equal(SERVED);
    });

    for (const [when, frame] of [
      ['after its own timeout', 'at loop'],
      ['while its hooks run', 'at Timeout.loop'],
    ]) {
      it(`keeps neither the hooks nor the answer of its invocation waiting (${when}) (R14, R27)`, async () => {
        const { blocked, next, warnings } = await seen(`blocks ${when}`);
        expect(blocked).to.deep.equal(timedOut(null));
        expect(next).to.deep.equal(SERVED);
        expect(warnings).to.deep.equal([
          `Tasks.handler blocked the event loop after it had ended, and was interrupted, in request request-of-60-ms: ${frame}`,
        ]);
      });
    }

    it('has timed out, and cannot answer any more, also if only a part of it has ended', async () => {
      const { blocked, next, warnings } = await seen('swallows its interruption');
      expect(blocked).to.deep.include({ error: 'LambdaTimeoutError', isInTime: true });
      expect(blocked?.blockedAt).to.be.a('string');
      expect(blocked?.hooks).to.deep.equal(['report', 'close']);
      expect(next).to.deep.equal(SERVED);
      expect(warnings).to.have.length(1);
      expect(warnings[0]).to.match(/^Tasks\.handler answered late, after it had timed out/);
    });

    describe('does not answer for a slow logger, which logs all of its errors (R16)', () => {
      const warning = 'Tasks.handler left an error uncaught, after its deadline, in request request-of-60-ms';
      const expected = ['one', 'two', 'three'].map((record) => `${warning}: ${record}`);

      it('right after the interruption', async () => {
        const { blocked, next, warnings } = await seen('a slow logger');
        expect(blocked).to.deep.equal(timedOut('at loop'));
        expect(next).to.deep.equal(SERVED);
        expect(warnings).to.deep.equal(expected);
      });

      it('much later, for longer than abandoned code may block', async () => {
        const { left, next, warnings } = await seen('a slow logger much later');
        expect(left).to.deep.equal(timedOut(null));
        expect(next).to.deep.equal(SERVED);
        expect(warnings).to.deep.equal(expected);
      });
    });

    it('an abort listener that blocks is interrupted at the cut-off, and the hooks run', async () => {
      const { blocked, next, warnings } = await seen('abort listener');
      expect(blocked).to.deep.include({ error: 'LambdaTimeoutError', isInTime: true });
      expect(blocked?.blockedAt).to.match(/^at (EventTarget|AbortSignal)\.loop$/);
      expect(blocked?.hooks).to.deep.equal(['report', 'close']);
      expect(next).to.deep.equal(SERVED);
      expect(warnings).to.deep.equal([]);
    });
  });

  it('short listeners of a hook that has waited for all of its time are no such code, and all are called (R24)', async () => {
    expect(await seen('listeners of a hook')).to.deep.equal({
      heard: [1, 2, 3, 4],
      errors: ['Tasks.handler', 'Tasks.report'],
    });
  });

  it('eight callbacks of a handler that block, one after the other, keep neither its hooks nor its answer waiting (R14)', async () => {
    const { timers, files, next } = await seen('callbacks that block, one after the other');
    for (const { blockedAt, ...report } of [timers, files] as InvocationReport[]) {
      expect(report).to.deep.equal({
        error: 'LambdaTimeoutError',
        isInTime: true,
        hooks: ['report', 'close'],
      });
      expect(blockedAt).to.equal('at loop');
    }
    expect(next).to.deep.equal(SERVED);
  });

  it('a function that a session of another thread has paused past the deadline times out, and the process goes on', async () => {
    const { paused, next } = await seen('a pause of another thread');
    expect(paused).to.deep.include({
      error: 'LambdaTimeoutError',
      isInTime: true,
      hooks: ['report', 'close'],
    });
    expect(next).to.deep.equal(SERVED);
  });

  it('a listener of the last hook that blocks has no more than half of the reserve', async () => {
    const { errors, ...last } = await seen<{ errors: readonly string[] }>('a listener of the last hook');
    expect(last).to.deep.equal({ status: 'rejected', isInTime: true });
    expect(errors.join()).to.match(/^Tasks\.handler,Tasks\.close; .* interrupted at \w+\.loop \(blocks/);
  });

  describe('code of no invocation', () => {
    it('is left alone for half of the time of the hooks where the code of that invocation has just been ended', async () => {
      const { blocked, isOver, next } = await seen<{ isOver: boolean }>(
        'contextless after an interruption',
        ORDINARY,
      );
      expect(blocked).to.deep.equal(timedOut('at loop'));
      expect(isOver).to.equal(true);
      expect(next).to.deep.equal(SERVED);
    });

    it('counts as code of the only invocation in flight', async () => {
      const { only, next } = await seen('contextless with one in flight', ORDINARY);
      expect(only).to.deep.equal(timedOut('at Timeout.loop'));
      expect(next).to.deep.equal(SERVED);
    });

    it('counts as code of the only invocation in flight, even before the handler of that invocation is called', async () => {
      const { only, isCalled, next } = await seen<{ isCalled: boolean }>(
        'contextless before the handler is called',
        ORDINARY,
      );
      expect(only).to.deep.equal(timedOut('at loop'));
      expect(isCalled).to.equal(false);
      expect(next).to.deep.equal(SERVED);
    });

    it('is not interrupted if two invocations are in flight', async () => {
      const { expired, other, spunMs, next } = await seen<{ spunMs: number }>(
        'contextless with two in flight',
        ORDINARY,
      );
      expect(spunMs).to.be.within(400, 2000);
      expect(expired).to.deep.equal(timedOut(null));
      expect(other).to.deep.equal(SERVED);
      expect(next).to.deep.equal(SERVED);
    });

    it('counts as code of the only invocation in flight if it runs in the context of one that ended in time', async () => {
      const { expired, next, warnings } = await seen(
        'expired in the context of an earlier invocation',
        ORDINARY,
      );
      expect(expired).to.deep.equal(timedOut('at loop'));
      expect(next).to.deep.equal(SERVED);
      expect(warnings).to.deep.equal([]);
    });
  });

  describe('immediates of the same turn', () => {
    interface Batch {
      readonly ran: readonly unknown[];
      readonly left: readonly string[];
    }

    const blockers = {
      'an immediate': 'at Immediate.loop',
      'a microtask of an immediate': 'at loop',
      'a tick of an immediate': 'at loop',
    };
    for (const [kind, blockedAt] of Object.entries(blockers)) {
      for (const [before, behind] of [
        [0, 3],
        [3, 3],
        [3, 0],
        [1, 1],
        [0, 0],
      ] as const) {
        it(`all run, in order: ${before} before and ${behind} behind ${kind} that is interrupted`, async () => {
          const { blocked, ran, left, next } = await seen<Batch>(
            `${kind}, ${before} before, ${behind} behind`,
          );
          expect(blocked).to.deep.equal(timedOut(blockedAt));
          expect(ran).to.deep.equal([...Array(before + behind).keys()]);
          expect(left).to.deep.equal([]);
          expect(next).to.deep.equal(SERVED);
        });
      }
    }

    it('all run even if two of them are interrupted', async () => {
      const { ran, next } = await seen<Batch>('two of a batch');
      expect(ran).to.deep.equal(['before A', 'behind A', 'before B', 'behind B']);
      expect(next).to.deep.equal(SERVED);
    });

    it('can still clear each other', async () => {
      const { ran, left, next } = await seen<Batch>('cleared immediates');
      expect(ran).to.deep.equal(['first', 'second', 'third']);
      expect(left).to.deep.equal([]);
      expect(next).to.deep.equal(SERVED);
    });
  });

  describe('a storm of short steps, which never lets the event loop turn', () => {
    it('is reported as `between two microtasks` if no step runs at that moment', async () => {
      const blockedAts = await reportOf('passing-program', 'between two microtasks');
      expect(blockedAts).to.deep.equal(['between two microtasks']);
    });

    it('is reported by the built-in functions of V8 if no other function runs at that moment', async () => {
      const [blockedAt] = await reportOf<string[]>('passing-program', 'in built-in functions');
      expect(blockedAt).to.match(/^at Array\.forEach \(<anonymous>\)$/);
    });

    it('has no place if but this package runs at that moment', async () => {
      expect(await reportOf('passing-program', 'in this package')).to.deep.equal(['at an unknown place']);
    });

    for (const steps of ['awaits', 'promises', 'ticks']) {
      it(`of ${steps} is interrupted`, async () => {
        const { blocked, next } = await seen(`a storm of ${steps}`);
        expect(blocked).to.deep.include({ error: 'LambdaTimeoutError', isInTime: true });
        expect(blocked?.blockedAt).to.match(/^(at |between two microtasks$)/);
        expect(next).to.deep.equal(SERVED);
      });
    }
  });
});
