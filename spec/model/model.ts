import fc from 'fast-check';
import { hooksOf } from './hooks.js';
import { dueAt, type End, NEVER, run } from './run.js';
import type { Call, Code, Scenario, Shape } from './scenario.js';
import { aggregateError, type Line, timeLeft, timeoutError } from './trace.js';

/** All that the contract promises to be seen of a scenario. */
export function expected({ shape, calls }: Scenario): Line[] {
  const lines = calls.flatMap((call, index) => expectedOf(call, shape, `request-${index}`));
  const isFirst = (line: Line): boolean =>
    line === lines.filter(({ text }) => text === line.text).sort((one, other) => one.atMs - other.atMs)[0];
  return lines.filter((line) => !line.isOncePerClass || isFirst(line));
}

/** What it promises of one call. */
function expectedOf(call: Call, shape: Shape, request: string): Line[] {
  const { startMs, slackMs = NEVER, via, handler } = call;
  const { marginMs, reserveMs = marginMs / 10 } = shape;
  const deadline = startMs + slackMs;
  const hard = deadline + marginMs;
  const hookDeadline = hard - reserveMs;
  const hooks = hooksOf(shape);

  const lines: Line[] = [];
  const see = (atMs: number, text: string, isOncePerClass = false): void => {
    if (atMs !== NEVER) lines.push({ atMs, text, isOncePerClass });
  };
  const errorAt = (atMs: number, message: string, limit: number): string =>
    timeoutError(message, request, Math.round(hard - atMs), Math.max(0, Math.round(atMs - limit)));
  const asking = ({ asks }: Code, ms: number): string => (asks === 'no' ? '' : timeLeft(ms));

  // Code that blocks moves what is due meanwhile, of which the contract says nothing.
  const blocks: (readonly [number, number])[] = [];
  const due: number[] = [];
  const inRequest = `in request ${slackMs === NEVER ? 'of no id' : request}`;
  const late = (name: string, atMs: number, end: End): void => {
    due.push(atMs);
    if (end.as === 'fulfilled')
      see(atMs, `warn: ${name} answered late, after it had timed out, ${inRequest}: a hint`);
    if (end.as === 'rejected')
      see(atMs, `warn: ${name} rejected late, after it had ended, ${inRequest}: ${end.with}`);
  };
  const hears = (name: string, { asks, stray }: Code, atMs: number, error: string): void => {
    due.push(atMs);
    see(atMs, `${request}: ${name} hears ${error} through its ${asks}`);
    if (asks !== 'signal' || stray === 'nothing') return;
    const left = `left an error uncaught, after its deadline, ${inRequest}`;
    see(atMs, `warn: ${name} ${left}: the stray error of ${request} ${name}`);
  };

  let now = startMs;
  let outcome: End | undefined;
  let timeout: string | undefined;
  let causes: unknown[] = [];
  const name = 'Orders.handler';
  if (slackMs === NEVER) see(now, `warn: ${name} runs without a timeout: a hint`, true);
  if (slackMs <= 0) {
    const times = `with ${slackMs + marginMs} ms until the Lambda deadline`;
    const reason = `its margin of ${marginMs} ms leaves no time, ${times}`;
    timeout = errorAt(now, `${name} timed out before it was called: ${reason}`, now);
  } else {
    see(now, `${request}: the handler is called${asking(handler, slackMs)}`);
    const { toldAt, hearsAt, wakesAt, endsAt, end, endOf } = run(
      handler,
      `${request} ${name}`,
      now,
      deadline,
    );
    if (toldAt === NEVER && endsAt === NEVER) return lines;
    const madeAt = Math.min(toldAt, hearsAt, end.as === 'heeds' ? endsAt : NEVER);
    const times = `${marginMs} ms before the Lambda deadline, after ${madeAt - startMs} ms`;
    const error = errorAt(madeAt, `${name} timed out ${times}`, deadline);
    hears(name, handler, hearsAt, error);

    const graceMs = (hookDeadline - toldAt) / (hooks.length + 1);
    const cutOff = handler.asks === 'no' || toldAt === NEVER ? toldAt : dueAt(toldAt, toldAt + graceMs);
    fc.pre(wakesAt < cutOff || (wakesAt > cutOff && wakesAt === endsAt));
    const isLate = wakesAt > cutOff;
    now = isLate ? cutOff : endsAt;
    blocks.push([wakesAt, endsAt]);
    if (isLate || end.as === 'heeds' || (toldAt !== NEVER && end.as === 'rejected')) timeout = error;
    else outcome = end;
    if (isLate) late(name, endsAt, end);
    else if (toldAt !== NEVER && end.as === 'rejected') causes = [end.with];
    else if (toldAt !== NEVER && end.as === 'fulfilled') {
      see(now, `warn: ${name} ended ${now - deadline} ms past its deadline, in its grace: ${error}`);
    }
    if (shape.takesCallback && via.kind === 'both') {
      const second = endOf(via.ending, `${request} ${name} again`, endsAt + via.lagMs);
      if (timeout || second.as === 'rejected') late(name, endsAt + via.lagMs, second);
    }
  }

  const withCause = (reason: unknown): string => {
    const cause = causes.length > 1 ? aggregateError(causes) : causes[0];
    return reason === timeout && causes.length > 0 ? `${reason} because of ${cause}` : `${reason}`;
  };
  const show = (end: End): string => `${end.as} with ${withCause(end.with)}`;
  if (timeout) see(now, `error: ${timeout.split(' [')[0]}: ${withCause(timeout)}`);
  const ofHandler: End = outcome ?? { as: 'rejected', with: timeout };
  let current = ofHandler;
  const failures: unknown[] = [];
  const running = hooks.filter(({ role }) => timeout || role === 'finally');
  for (const [done, hook] of running.entries()) {
    const { method, index, role, body } = hook;
    const name = `Orders.${method}`;
    const code = call.hooks[index] as Code;
    const given: End = role === 'finally' ? current : { as: 'rejected', with: timeout };
    const shown = role === 'finally' ? show(current) : withCause(timeout);
    const shareMs = Math.max(0, (hookDeadline - now) / (running.length - done));
    const limit = now + shareMs;
    see(now, `${request}: ${method} of ${body} is given ${shown}${asking(code, shareMs)}`);

    const { toldAt, hearsAt, wakesAt, endsAt, end } = run(code, `${request} ${name}`, now, limit, given);
    if (toldAt === NEVER && endsAt === NEVER) return lines;
    fc.pre(toldAt === NEVER || wakesAt === endsAt);
    blocks.push([now, now + code.blocksMs], [wakesAt, endsAt]);
    now = Math.min(toldAt, endsAt);
    const message = `${name} was abandoned after its share of the margin, ${Math.round(shareMs)} ms`;
    const error = errorAt(Math.min(now, hearsAt), message, limit);
    hears(name, code, hearsAt, error);
    const isAbandoned = toldAt !== NEVER || end.as === 'heeds';
    const answer: End = isAbandoned ? { as: 'rejected', with: error } : end;
    if (isAbandoned) see(now, `error: ${message}: ${error}`);
    else if (end.as === 'rejected') see(now, `error: ${name} failed: ${end.with}`);
    else if (role === 'onTimeout' && end.with !== undefined) {
      see(now, `warn: ${name} returned a value, which nobody receives: a hint`, true);
    }
    if (toldAt !== NEVER) late(name, endsAt, end);

    if (hook === hooks.find(({ role }) => role === 'responds')) {
      if (answer.as === 'fulfilled') current = answer;
      else if (answer.with !== timeout) causes = [answer.with, ...causes];
    } else if (ofHandler.as === 'fulfilled' && answer.as === 'rejected') {
      failures.push(answer.with);
      current = { as: 'rejected', with: failures.length > 1 ? aggregateError(failures) : answer.with };
    }
  }
  fc.pre(!due.some((at) => blocks.some(([from, to]) => from <= at && at < to)));
  see(now, `${request}: it has ${show(current)}`);
  return lines;
}
