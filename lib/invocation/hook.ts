/** A method that a decorator has marked to be run when an invocation ends. */
export interface Hook {
  readonly kind: 'onTimeout' | 'finally';
  readonly key: string | symbol;
  /** Whether its return value answers the timed-out invocation. */
  readonly responds: boolean;
  /** `Orders.report`. */
  readonly name: string;
}

/** What is known of the class of the instance on which a handler is called. */
export interface GuardedClass {
  /** `Orders.handler`; just `handler` where the instance is not of the class that declares it. */
  readonly handlerName: string;
  /** In the order in which they run. */
  readonly onTimeout: readonly Hook[];
  readonly finally: readonly Hook[];
  /** The hook that makes the response to a timeout. */
  readonly responder: Hook | undefined;
}

const warnedHooks = new WeakSet<Hook>();

/** Whether a hook returned what its author may take for the response. Answers so once. */
export function isValueLost(hook: Hook, value: unknown): boolean {
  if (value === undefined || hook.kind === 'finally' || hook.responds || warnedHooks.has(hook)) return false;
  warnedHooks.add(hook);
  return true;
}

export const LOST_VALUE =
  'Declare it `@OnTimeout({ respond: true })` to make that the response, or return nothing.';

/** Whether calling a method runs none of it. */
export const isGenerator = (method: unknown): boolean =>
  /Generator/.test(Object.prototype.toString.call(method));
