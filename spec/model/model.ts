import fc from 'fast-check';
import { hooksOf } from './hooks.js';
import { dueAt, type End, NEVER, run } from './run.js';
import type { Call, Code, Scenario, Shape } from './scenario.js';
import { aggregateError, asking, CallTrace, type Line } from './trace.js';

/**
 * Lists everything that can be observed in a scenario according to the contract. Where the contract promises nothing, for
 * example if two timers are due in the same ms, `fc.pre` replaces the scenario with another one.
 */
export function expected({ shape, calls }: Scenario): Line[] {
  const lines = calls.flatMap((call, index) => expectedOf(call, shape, `request-${index}`));
  const isFirst = (line: Line): boolean =>
    line === lines.filter(({ text }) => text === line.text).sort((one, other) => one.atMs - other.atMs)[0];
  return lines.filter((line) => !line.isOncePerClass || isFirst(line));
}

/** How much time a message says was left: what was really left, if the deadline was noticed late (R23). */
function leftAt(madeAt: number, deadline: number, marginMs: number): string {
  const leftMs = madeAt - deadline < LATE_MS ? marginMs : marginMs - (madeAt - deadline);
  return `${Math.abs(leftMs)} ms ${leftMs < 0 ? 'after' : 'before'} the Lambda deadline`;
}

const LATE_MS = 100;

/** What the contract promises about one call. */
function expectedOf(call: Call, shape: Shape, request: string): readonly Line[] {
  const { startMs, slackMs = NEVER, via, handler, depth, leftOverMs } = call;
  const { marginMs, reserveMs = Math.max(0, Math.min(marginMs, slackMs + marginMs)) / 10 } = shape;
  const deadline = startMs + slackMs;
  const hard = deadline + marginMs;
  const hookDeadline = hard - reserveMs;
  const hooks = hooksOf(shape);
  const trace = new CallTrace(request, slackMs !== NEVER, hard);

  // The handler, until it has ended or is cut off (R8, R10 to R12).
  const name = 'Orders.handler';
  let now = startMs;
  let timeout: string | undefined;
  let ofHandler: End | undefined;
  let causes: unknown[] = [];
  /** A slow logger keeps the next step waiting. */
  const logged = (): void => {
    if (typeof shape.logger !== 'number') return;
    trace.block(now, now + shape.logger);
    now += shape.logger;
  };
  if (slackMs === NEVER) trace.warnOncePerClass(now, `${name} runs without a timeout`);
  if (slackMs <= 0) {
    const left = `with ${slackMs + marginMs} ms until the Lambda deadline`;
    const message = `its margin of ${marginMs} ms leaves no time, ${left}`;
    timeout = trace.timeoutError(now, `${name} timed out before it was called: ${message}`, now);
  } else {
    trace.see(now, `the handler is called${asking(handler, slackMs)}`);
    const life = run(handler, `${request} ${name}`, now, deadline);
    const { expiresAt, toldAt, wakesAt, endsAt, end, endOf } = life;
    if (depth > 0) trace.warnOncePerClass(now, 'Wrapper.pass runs without a timeout');
    trace.block(startMs, startMs + handler.blocksMs);
    const readAt = startMs + (leftOverMs ?? NEVER);
    const isRead = readAt !== NEVER && handler.asks !== 'no' && handler.asks !== 'late';
    const seeLeftOver = (endedInTimeAt: number): void => {
      fc.pre(readAt !== endedInTimeAt);
      trace.seeLeftOver(readAt, readAt < endedInTimeAt ? Math.max(0, deadline - readAt) : NEVER);
    };
    if (expiresAt === NEVER && endsAt === NEVER) {
      if (isRead) seeLeftOver(NEVER);
      return trace.lines;
    }
    const madeAt = Math.min(expiresAt, toldAt, end.as === 'gives up' ? endsAt : NEVER);
    const times = `${leftAt(madeAt, deadline, marginMs)}, after ${madeAt - startMs} ms`;
    const error = trace.timeoutError(madeAt, `${name} timed out ${times}`, deadline);
    trace.seeRun(name, handler, life, deadline, error);

    const graceMs = (hookDeadline - expiresAt) / (hooks.length + 1);
    const isAskedLate = handler.asks === 'late' && startMs + handler.blocksMs >= deadline;
    const hasGrace = handler.asks !== 'no' && !isAskedLate && expiresAt !== NEVER;
    const cutOff = hasGrace ? dueAt(expiresAt, expiresAt + graceMs) : expiresAt;
    fc.pre(wakesAt < cutOff || (wakesAt > cutOff && wakesAt === endsAt));
    const isCutOff = wakesAt > cutOff;
    const isInGrace = expiresAt <= wakesAt && wakesAt < cutOff;
    now = isCutOff ? cutOff : endsAt;
    trace.block(wakesAt, endsAt);
    if (isCutOff || end.as === 'gives up' || (isInGrace && end.as === 'rejected')) timeout = error;
    else ofHandler = end;
    if (isRead) seeLeftOver(ofHandler && !isInGrace ? endsAt : NEVER);
    if (isCutOff) trace.seeLate(name, endsAt, end);
    if (isInGrace && end.as === 'rejected') causes = [end.with];
    if (isInGrace && end.as === 'fulfilled') {
      trace.log(now, 'warn', `${name} ended ${now - deadline} ms past its deadline, in its grace`, error);
      logged();
    }
    if (shape.takesCallback && via.kind === 'both') {
      const second = endOf(via.ending, `${request} ${name} again`, endsAt + via.lagMs);
      if (timeout || second.as === 'rejected') trace.seeLate(name, endsAt + via.lagMs, second);
    }
  }

  // Its outcome (R13) and its hooks (R7, R14, R15).
  const withCause = (reason: unknown): string => {
    const cause = causes.length > 1 ? aggregateError(causes) : causes[0];
    return reason === timeout && causes.length > 0 ? `${reason} because of ${cause}` : `${reason}`;
  };
  const show = (end: End): string => `${end.as} with ${withCause(end.with)}`;
  if (timeout) {
    trace.log(now, 'error', `${timeout.split(' [')[0]}`, withCause(timeout));
    logged();
  }
  ofHandler ??= { as: 'rejected', with: timeout };
  let outcome = ofHandler;
  let frozenAt = NEVER;
  const failures: unknown[] = [];
  const running = hooks.filter(({ role }) => timeout || role === 'finally');
  for (const [done, hook] of running.entries()) {
    const { method, index, role, body } = hook;
    const name = `Orders.${method}`;
    const code = call.hooks[index] as Code;
    const shareMs = Math.max(0, (hookDeadline - now) / (running.length - done));
    const limit = now + shareMs;
    const [given, shown]: [End, string] =
      role === 'finally' ? [outcome, show(outcome)] : [{ as: 'rejected', with: timeout }, withCause(timeout)];
    trace.see(now, `${method} of ${body} is given ${shown}${asking(code, shareMs)}`);

    trace.block(now, now + code.blocksMs);
    const life = run(code, `${request} ${name}`, now, limit, given);
    const { expiresAt, toldAt, wakesAt, endsAt, end } = life;
    if (expiresAt === NEVER && endsAt === NEVER) return trace.lines;
    fc.pre(expiresAt === NEVER || wakesAt === endsAt);
    trace.block(wakesAt, endsAt);
    now = Math.min(expiresAt, endsAt);
    const message = `${name} was abandoned after its share of the margin, ${Math.round(shareMs)} ms`;
    const error = trace.timeoutError(Math.min(now, toldAt), message, limit);
    const isAbandoned = expiresAt !== NEVER || end.as === 'gives up';
    const answer: End = isAbandoned ? { as: 'rejected', with: error } : end;
    trace.seeRun(name, code, life, limit, error);
    if (isAbandoned) trace.log(now, 'error', message, error);
    else if (end.as === 'rejected') trace.log(now, 'error', `${name} failed`, end.with);
    else if (role === 'onTimeout' && end.with !== undefined) {
      trace.warnOncePerClass(now, `${name} returned a value, which nobody receives`);
    }
    if (expiresAt !== NEVER) trace.seeLate(name, endsAt, end);

    if (end.freezes && role !== 'finally') frozenAt = Math.min(frozenAt, endsAt);
    fc.pre(now !== frozenAt || (end.freezes === true && !isAbandoned));
    if (hook === hooks.find(({ role }) => role === 'responds')) {
      if (answer.as === 'fulfilled') outcome = answer;
      else if (answer.with !== timeout && now < frozenAt) causes = [answer.with, ...causes];
    } else if (ofHandler.as === 'fulfilled' && answer.as === 'rejected') {
      failures.push(answer.with);
      outcome = { as: 'rejected', with: failures.length > 1 ? aggregateError(failures) : answer.with };
    }
    if (answer.as === 'rejected') logged();
  }
  trace.see(now, `it has ${show(outcome)}`);
  return trace.lines;
}
