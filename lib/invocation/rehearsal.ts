import { asNobody } from '../deadline/current-attempt.js';
import { attempted } from '../operations/attempted.js';
import { partOfCpu } from '../report/function-size.js';
import { sharedByCopies } from '../shared.js';
import { NO_WATCHDOG } from '../watchdog/watchdog.js';
import type { GuardedClass } from './hook.js';
import { invoke } from './invocation.js';
import type { GuardedHandler } from './invocation-facts.js';

const HANDLER: GuardedHandler = {
  method: async () => {},
  parameters: 0,
  marginMs: 1,
  reserveMs: 0,
  logger: console,
  preempt: false,
  watchdog: NO_WATCHDOG,
};

const GUARDED: GuardedClass = { handlerName: 'rehearsal', onTimeout: [], finally: [], responder: undefined };

/**
 * Runs an invocation of an empty handler, once, where the function will have less than a whole CPU after its init phase. V8
 * compiles a function when it first runs, and in the first event that would take the share of the CPU of several periods.
 *
 * It does not run with fake timers, and what fails in it is ignored, so that no test and no odd program notices it.
 */
export function rehearse(): void {
  if (partOfCpu() === 1 || 'clock' in setTimeout) return;
  attempted(() => sharedByCopies('rehearsal', () => asNobody(run)));
}

function run(): true {
  const context = { getRemainingTimeInMillis: () => 60_000 };
  (invoke(HANDLER, () => GUARDED, undefined, [{}, context]) as Promise<unknown>).catch(() => {});
  return true;
}
