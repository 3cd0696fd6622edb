import type { SinonFakeTimers } from 'sinon';
import {
  currentDeadline,
  type Deadline,
  Finally,
  GracefulTimeout,
  LambdaTimeoutError,
  OnTimeout,
} from '../../lib/index.js';
import type { TimeoutLogger } from '../../lib/report/logger.js';
import { FakeContext } from '../support/context.js';
import { loosely } from '../support/dialect.js';
import { type Call, type Code, type Ending, METHODS, type Role, type Scenario } from './scenario.js';
import { A_HINT, aggregateError, type Line, shorten, timeLeft, timeoutError } from './trace.js';

/** Runs a scenario on the real decorators, and returns everything that is observed. */
export async function observe(scenario: Scenario, clock: SinonFakeTimers): Promise<Line[]> {
  const observer = new Observer(clock);
  const fake = globalThis.setTimeout;
  const stopListening = listenAlone(observer.seeUncaught);
  clock.reset();
  globalThis.setTimeout = observer.asNodeDoes(fake);
  const { error, warn } = console;
  Object.assign(console, observer.console);
  try {
    await observer.play(scenario);
  } finally {
    globalThis.setTimeout = fake;
    Object.assign(console, { error, warn });
    stopListening();
  }
  return observer.lines;
}

/** Replaces mocha's listeners, which would end the spec without showing the scenario. */
function listenAlone(listener: (error: unknown) => void): () => void {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const others = events.map(
    (event) => [event, process.rawListeners(event as 'exit') as (() => void)[]] as const,
  );
  for (const event of events) process.removeAllListeners(event).on(event as 'exit', listener);
  return () => {
    for (const [event, listeners] of others) {
      process.removeAllListeners(event);
      for (const other of listeners) process.on(event as 'exit', other);
    }
  };
}

// The real one: in a turn, promises settle and Node reports what nobody has handled.
const { setImmediate } = globalThis;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What code knows about itself while it runs. */
interface Actor {
  readonly code: Code;
  readonly name: string;
  readonly request: string;
  deadline: Deadline | undefined;
  /** The error that a hook was given, if any. The hook can rethrow it. */
  readonly given: readonly unknown[];
  /** The reason that its signal or its race has given. */
  told?: unknown;
}

interface Event {
  readonly call: Call;
  readonly request: string;
  readonly self: unknown;
}

type Callback = (error: unknown, value?: unknown) => void;

class Observer {
  readonly lines: Line[] = [];
  readonly #clock: SinonFakeTimers;
  readonly #names = new Map<unknown, string>();
  readonly #errors = new Map<string, Error>();
  #blockedUntil = 0;
  /** The number of timers that belong to the scenario itself. */
  #ownTimers = 0;
  /** The number of running calls that have a deadline. */
  #guardedCalls = 0;

  constructor(clock: SinonFakeTimers) {
    this.#clock = clock;
  }

  /** As in Node, no delay is below 1 ms, and a timer that is due while the event loop is blocked fires after that. */
  asNodeDoes(setTimeout: typeof globalThis.setTimeout): typeof globalThis.setTimeout {
    const start = (callback: () => void, delayMs: number) => {
      const onTime = () => {
        this.#clock.now = Math.max(this.#clock.now, this.#blockedUntil);
        callback();
      };
      return setTimeout(onTime, Math.max(1, delayMs));
    };
    return start as typeof globalThis.setTimeout;
  }

  async play({ shape, calls }: Scenario): Promise<void> {
    const orders = this.#define(shape);
    calls.forEach((call, index) => {
      const event = { call, request: `request-${index}`, self: orders };
      this.#after(call.startMs).then(() => this.#call(event, shape.marginMs));
    });
    while (this.#clock.countTimers() > 0) {
      this.#clock.next();
      // Node can report a rejection one turn later than a thrown error.
      let seen: number;
      do {
        seen = this.lines.length;
        await turn();
      } while (this.lines.length > seen);
      const timers = this.#clock.countTimers() - this.#ownTimers;
      if (timers !== this.#guardedCalls) this.#see(`${timers} timers for ${this.#guardedCalls} calls`);
    }
  }

  readonly seeUncaught = (reason: unknown): void => this.#see(`uncaught: ${this.#show(reason)}`);

  /** Writes what the logger of a scenario fails to write (R25). */
  readonly console = {
    error: (message: string, detail: unknown): void => this.#log('error', message, detail),
    warn: (message: string, detail: unknown): void => this.#log('warn', message, detail),
  };

  #loggerOf({ logger: kind }: Scenario['shape']): TimeoutLogger {
    const write = (level: 'error' | 'warn', message: string, detail: unknown): void => {
      if (kind === 'throws') throw new Error('no disk');
      this.#log(level, message, detail);
      const isStep = level === 'error' || message.endsWith('in its grace');
      if (typeof kind === 'number' && isStep) this.#block(kind);
    };
    return {
      error: (message, detail) => write('error', message, detail),
      warn: (message, detail) => write('warn', message, detail),
    };
  }

  #define(shape: Scenario['shape']) {
    const { base, orders, marginMs, reserveMs, takesCallback } = shape;
    const handle = (self: unknown, args: unknown[]) => this.#handle(takesCallback, self, args);
    const hook = (name: string, self: unknown, args: unknown[]) => this.#hook(name, self, args);
    const logger = this.#loggerOf(shape);
    const options = { marginMs, logger, ...(reserveMs === undefined ? {} : { reserveMs }) };

    class Base {
      @GracefulTimeout(options)
      @withLength(takesCallback ? 3 : 2)
      handler(...args: unknown[]): unknown {
        return handle(this, args);
      }

      @as(base[0])
      a(...args: unknown[]): unknown {
        return hook('a of Base', this, args);
      }

      @as(base[1])
      b(...args: unknown[]): unknown {
        return hook('b of Base', this, args);
      }

      @as(base[2])
      c(...args: unknown[]): unknown {
        return hook('c of Base', this, args);
      }
    }
    class Orders extends Base {
      @as(orders[0])
      override a(...args: unknown[]): unknown {
        return hook('a of Orders', this, args);
      }

      @as(orders[1])
      override b(...args: unknown[]): unknown {
        return hook('b of Orders', this, args);
      }

      @as(orders[2])
      override c(...args: unknown[]): unknown {
        return hook('c of Orders', this, args);
      }

      @as(orders[3])
      d(...args: unknown[]): unknown {
        return hook('d of Orders', this, args);
      }

      @as(orders[4])
      e(...args: unknown[]): unknown {
        return hook('e of Orders', this, args);
      }

      @as(orders[5])
      f(...args: unknown[]): unknown {
        return hook('f of Orders', this, args);
      }
    }
    METHODS.forEach((name, index) => {
      if (orders[index] === 'absent') Reflect.deleteProperty(Orders.prototype, name);
    });
    return new Orders();
  }

  #call(event: Event, marginMs: number): void {
    const { slackMs } = event.call;
    const context = slackMs === undefined ? undefined : new FakeContext(slackMs + marginMs, event.request);
    if (context) this.#guardedCalls++;
    const settle = (outcome: PromiseSettledResult<unknown>) => {
      if (context) this.#guardedCalls--;
      this.#see(`${event.request}: it has ${this.#showOutcome(outcome)}`);
    };
    const { self } = event as { self: { handler(...args: unknown[]): Promise<unknown> } };
    self.handler(event, context).then(
      (value) => settle({ status: 'fulfilled', value }),
      (reason: unknown) => settle({ status: 'rejected', reason }),
    );
  }

  #handle(takesCallback: boolean, self: unknown, args: unknown[]): unknown {
    const [event, , callback] = args as [Event, unknown, Callback];
    const { call, request } = event;
    const { via, handler: code, depth, leftOverMs } = call;
    const actor = this.#enter('the handler is called', { code, name: 'Orders.handler', request, given: [] });
    if (self !== event.self) this.#see('the handler has another `this`');
    const run = (): unknown => {
      if (actor.deadline && leftOverMs !== undefined) void this.#readLater(request, leftOverMs);
      return this.#run(actor);
    };
    const work = this.#wrap(run, depth);
    if (!takesCallback || via.kind === 'promise') return work();

    const called = callBack(work, callback);
    if (via.kind === 'callback') return undefined;
    return called.then(async () => {
      await this.#after(via.lagMs);
      return this.#end(via.ending, { ...actor, name: 'Orders.handler again' });
    });
  }

  /** Puts code below decorated methods that have no context. */
  #wrap(work: () => unknown, depth: number): () => unknown {
    const { Wrapper } = this;
    return depth === 0 ? work : this.#wrap(() => new Wrapper().pass(work), depth - 1);
  }

  /** A class for each scenario, since it is warned of once. */
  readonly Wrapper = wrapperOf({
    error: (message, detail) => this.#log('error', message, detail),
    warn: (message, detail) => this.#log('warn', message, detail),
  });

  async #readLater(request: string, ms: number): Promise<void> {
    await this.#after(ms);
    this.#see(`${request}: what is left running has${timeLeft(currentDeadline().remainingMs())}`);
  }

  #hook(method: string, self: unknown, [given, event, context]: unknown[]): unknown {
    const { call, request, self: instance } = event as Event;
    const key = method.charAt(0) as (typeof METHODS)[number];
    const isError = given instanceof Error;
    const outcome = given as PromiseSettledResult<unknown>;
    const shown = isError ? this.#showWithCause(given) : this.#showOutcome(outcome);
    const code = call.hooks[METHODS.indexOf(key)] as Code;
    const actor = this.#enter(`${method} is given ${shown}`, {
      code,
      name: `Orders.${key}`,
      request,
      given: isError ? [given] : outcome.status === 'rejected' ? [outcome.reason] : [],
    });
    if (self !== instance) this.#see(`${method} has another \`this\``);
    if (context instanceof FakeContext !== (call.slackMs !== undefined))
      this.#see(`${method} has no context`);
    return this.#run(actor);
  }

  #enter(what: string, rest: Omit<Actor, 'deadline'>): Actor {
    const { asks } = rest.code;
    const deadline = asks === 'no' || asks === 'late' ? undefined : currentDeadline();
    const left = deadline ? timeLeft(deadline.remainingMs()) : '';
    this.#see(`${rest.request}: ${what}${left}`);
    return { ...rest, deadline };
  }

  #run(actor: Actor): unknown {
    const { code } = actor;
    const aborted = code.asks === 'signal' ? this.#listen(actor) : undefined;
    this.#block(code.blocksMs);
    if (code.asks === 'late') actor.deadline = currentDeadline();
    if (code.waitsMs > 0) return this.#wait(actor, aborted);
    this.#block(code.blocksLastMs);
    return this.#end(code.ending, actor);
  }

  async #wait(actor: Actor, aborted: Promise<boolean> | undefined): Promise<unknown> {
    const { code, deadline } = actor;
    const { reaction } = code;
    const ownTime = this.#after(code.waitsMs);
    const tell = (reason: unknown): true => this.#tell(actor, reason);
    const isOver = await (code.asks === 'race'
      ? deadline?.race(ownTime).catch(tell)
      : Promise.race([ownTime, ...(aborted && reaction ? [aborted] : [])]));
    if (isOver) await this.#after(reaction?.waitsMs ?? 0);
    this.#see(`${actor.request}: ${actor.name} wakes${deadline ? timeLeft(deadline.remainingMs()) : ''}`);
    if (code.asks === 'signal' && deadline?.signal.aborted) this.#leaveRejected(actor);
    this.#block(code.blocksLastMs);
    return this.#end(isOver ? (reaction?.ending as Ending) : code.ending, actor);
  }

  #listen(actor: Actor): Promise<boolean> {
    const { deadline, code } = actor;
    return new Promise((resolve) => {
      deadline?.signal.addEventListener('abort', () => {
        resolve(this.#tell(actor, deadline.signal.reason));
        this.#leaveRejected(actor);
        if (code.stray === 'a thrown error') throw this.#own(actor, 'stray error');
      });
    });
  }

  #leaveRejected(actor: Actor): void {
    const { stray } = actor.code;
    if (stray === 'a rejected promise') void Promise.reject(this.#own(actor, 'stray error'));
    if (stray === 'the reason of its signal') void Promise.reject(actor.told);
  }

  #tell(actor: Actor, reason: unknown): true {
    const { code, request, name } = actor;
    actor.told = reason;
    this.#see(`${request}: ${name} is told ${this.#show(reason)} by its ${code.asks}`);
    return true;
  }

  #end(ending: Ending, actor: Actor): unknown {
    const { deadline, given } = actor;
    const reason = (): unknown => {
      if (deadline?.signal.aborted) return deadline.signal.reason;
      throw this.#own(actor, 'error');
    };
    switch (ending) {
      case 'returns a value':
        return `the value of ${actor.request} ${actor.name}`;
      case 'returns nothing':
        return undefined;
      case 'throws an error':
        throw this.#own(actor, 'error');
      case 'throws undefined':
        throw undefined;
      case 'throws what it was given':
        throw given.length > 0 ? given[0] : this.#own(actor, 'error');
      case 'throws an error around what it was given':
        throw given.length > 0 ? this.#around(actor, given[0]) : this.#own(actor, 'error');
      case 'freezes what it was given, and throws an error':
        for (const error of given) Object.freeze(error);
        throw this.#own(actor, 'error');
      case 'throws what it was told':
        throw actor.told;
      case 'throws an AbortError':
        throw Object.assign(this.#own(actor, 'AbortError'), { name: 'AbortError' });
      case 'throws an AbortError of its own cause':
        throw Object.assign(this.#own(actor, 'AbortError'), {
          name: 'AbortError',
          cause: new Error('its own'),
        });
      case 'throws the reason of its signal':
        throw reason();
      case 'throws an AbortError with that reason':
        throw Object.assign(new Error('aborted', { cause: reason() }), { name: 'AbortError' });
      case 'throws an error around that reason':
        throw this.#around(actor, reason());
      case 'throws if it has expired':
        currentDeadline().throwIfExpired();
        return `the value of ${actor.request} ${actor.name}`;
    }
  }

  /** Its name is empty, so that a copy of it is shown like the error itself. */
  #around(actor: Actor, cause: unknown): Error {
    return Object.assign(this.#own(actor, 'error'), { cause, name: '' });
  }

  #own({ request, name }: Actor, what: string): Error {
    const text = `the ${what} of ${request} ${name}`;
    const error = new Error(text);
    this.#names.set(error, text);
    return error;
  }

  async #after(ms: number): Promise<void> {
    if (ms === 0) return;
    await new Promise<void>((resolve) => {
      if (ms === Number.POSITIVE_INFINITY) return;
      this.#ownTimers++;
      setTimeout(() => {
        this.#ownTimers--;
        resolve();
      }, ms);
    });
  }

  #block(ms: number): void {
    this.#clock.now += ms;
    this.#blockedUntil = this.#clock.now;
  }

  #see(text: string): void {
    this.lines.push({ atMs: performance.now(), text });
  }

  #log(level: string, message: string, detail: unknown): void {
    const isHint = typeof detail === 'string' && detail !== 'undefined';
    const isTimeout = message.startsWith('Orders.handler timed out');
    const shown = isTimeout ? this.#showWithCause(detail) : this.#show(detail);
    this.#see(`${level}: ${shorten(message)}: ${isHint ? A_HINT : shown}`);
  }

  #showOutcome(outcome: PromiseSettledResult<unknown>): string {
    return outcome.status === 'fulfilled'
      ? `fulfilled with ${this.#show(outcome.value)}`
      : `rejected with ${this.#showWithCause(outcome.reason)}`;
  }

  #showWithCause(reason: unknown): string {
    const shown = this.#show(reason);
    if (!(reason instanceof LambdaTimeoutError) || !Object.hasOwn(reason, 'cause')) return shown;
    const enumerable = Object.keys(reason).includes('cause') ? ' enumerably' : '';
    return `${shown}${enumerable} because of ${this.#show(reason.cause)}`;
  }

  /** Names a value. If several errors look the same, only the first one gets the name. */
  #show(value: unknown): string {
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    if (value instanceof AggregateError)
      return aggregateError(value.errors.map((error) => this.#show(error)));
    if (!(value instanceof LambdaTimeoutError)) return String(value);
    const { requestId, remainingMs, lateByMs } = value;
    const text = timeoutError(value.message, `${requestId}`, remainingMs, lateByMs);
    const isFirst = !this.#errors.has(text);
    if (isFirst) this.#errors.set(text, value);
    this.#names.set(value, isFirst ? text : `another ${text}`);
    return isFirst ? text : `another ${text}`;
  }
}

const wrapperOf = (logger: TimeoutLogger) => {
  class Wrapper {
    @GracefulTimeout({ marginMs: 1, logger })
    pass(work: () => unknown): unknown {
      return work();
    }
  }
  return Wrapper;
};

/** Decorates a method with its role in the scenario. */
function as(role: Role | 'absent' | undefined): (...args: unknown[]) => void {
  if (role === 'onTimeout') return loosely(OnTimeout);
  if (role === 'responds') return loosely(OnTimeout({ respond: true }));
  return role === 'finally' ? loosely(Finally) : () => {};
}

/** Decorates a method so that it seems to declare this number of parameters. */
const withLength =
  (length: number) =>
  (target: unknown, ...[, descriptor]: unknown[]): void => {
    const method = (descriptor as PropertyDescriptor | undefined)?.value ?? target;
    Object.defineProperty(method, 'length', { value: length });
  };

/** Calls back with the result of code; synchronously, if the code is not asynchronous. */
async function callBack(code: () => unknown, callback: Callback): Promise<void> {
  const succeed = (value: unknown) => callback(null, value);
  try {
    const result = code();
    if (result instanceof Promise) await result.then(succeed, callback);
    else succeed(result);
  } catch (error) {
    callback(error);
  }
}
