import { expect } from 'chai';
import { programsOf, type Run } from '../support/programs.js';
import { blocks } from './blocks.js';
import { HOOK_PLACES, type MatrixReport, PLACES } from './matrix.js';
import { SIGNS } from './signs-of-life.js';

const { run } = programsOf(import.meta.url);

/** How many times each process is blocked in every place. A soak needs more than one. */
const ROUNDS = Number(process.env.ROUNDS ?? 1);
const TIMEOUT_MS = 30_000 * ROUNDS;

const threads = ['main', 'worker'];
const variants = ['plain', 'async_hooks', 'AsyncLocalStorage'];

/** Starts one process for each thread and variant. At any time, one process of each kind of thread runs. */
const startAll = (): Map<string, Promise<Run>> => {
  const started = new Map<string, Promise<Run>>();
  for (const thread of threads) {
    let previous: Promise<unknown> = Promise.resolve();
    for (const variant of variants) {
      const args = [thread, variant, String(ROUNDS)];
      const next = previous.then(() => run('matrix-program', args, { timeoutMs: TIMEOUT_MS }));
      started.set(`${thread} ${variant}`, next);
      previous = next;
    }
  }
  return started;
};

describe('Code that blocks the event loop at the deadline (R26)', function () {
  this.timeout(TIMEOUT_MS * variants.length);
  let started: Map<string, Promise<Run>>;

  before(() => {
    started = startAll();
  });

  for (const thread of threads) {
    for (const variant of variants) {
      describe(`on the ${thread} thread, ${variant}`, () => {
        let ended: Run;
        let reports: MatrixReport[];

        before(async () => {
          ended = (await started.get(`${thread} ${variant}`)) as Run;
          reports = ended.stdout.map((line) => JSON.parse(line));
        });

        for (const block of Object.keys(blocks)) {
          for (const place of [...PLACES, ...HOOK_PLACES]) {
            it(`is interrupted in ${block}() in ${place}, and everything else goes on`, () => {
              const mine = reports.filter((report) => report.block === block && report.place === place);
              expect(mine, `reports, the process ended with ${ended.code ?? ended.signal}`).to.have.length(
                ROUNDS,
              );
              for (const report of mine) expectInterruption(report);
            });
          }
        }

        it('leaves no additional active resource', () => {
          const seen = new Set(reports.map(({ resources }) => resources.join()));
          expect([...seen]).to.have.length(1);
        });

        it('the process ends by itself and prints nothing to stderr', () => {
          expect(ended).to.include({ code: 0, signal: null, stderr: '' });
        });
      });
    }
  }
});

function expectInterruption(report: MatrixReport): void {
  const { block, place, logged } = report;
  const isTimeoutHook = place === 'an @OnTimeout hook';
  expect(report).to.deep.include({
    error: 'LambdaTimeoutError',
    // The error is that of the handler. With an @OnTimeout hook, it is the hook that blocks.
    preempted: !isTimeoutHook,
    isInTime: true,
    hooks: place === 'a @Finally hook' ? ['close'] : ['report', 'close'],
    working: SIGNS,
    next: 'in time',
    wrongStores: [],
    unbalanced: 0,
  });
  expect(logged.slice(0, -1)).to.deep.equal(isTimeoutHook ? ['error: not blocked'] : []);
  const innermost = logged.at(-1)?.split(' < ')[0];
  const expected = new RegExp(`^error: at (\\w+\\.)?${block} .*/preemption/blocks\\.js:\\d+:\\d+\\)$`);
  expect(innermost, logged.at(-1)).to.match(expected);
}
