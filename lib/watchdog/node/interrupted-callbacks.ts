/*
 * An interruption ends a callback, and Node then skips what it does after each callback: see `processImmediate` and
 * `listOnTimeout` in Node's lib/internal/timers.js. This file does it instead. These fields of immediates are internal to
 * Node, so `canFinishCallbacks` checks them first.
 */
interface Immediate {
  _onImmediate: (() => void) | null;
  _destroyed: boolean;
  _idleNext: Immediate | null;
  _idlePrev: Immediate | null;
}

// Taken now, so that a test that fakes timers later fakes none of these.
const { clearTimeout, setImmediate } = globalThis;

const nothing = (): void => {};

const createImmediate = (): Immediate => setImmediate(nothing).unref() as unknown as Immediate;

/** Whether this Node keeps immediates in the way that `finishCallback` expects. */
export function canFinishCallbacks(): boolean {
  const first = createImmediate();
  const second = createImmediate();
  return (
    first._onImmediate === nothing &&
    first._destroyed === false &&
    first._idleNext === second &&
    second._idlePrev === first
  );
}

/**
 * Does for a timer or an immediate that was interrupted what Node would have done after its callback. Must be called before
 * anything else runs. Does nothing for any other resource.
 */
export function finishCallback(resource: Partial<Immediate> & { readonly _onTimeout?: unknown }): void {
  // For Node the timer is still active. If it were cleared later, Node would count one timer too few.
  if (resource._onTimeout) clearTimeout(resource as unknown as NodeJS.Timeout);
  if (resource._onImmediate) finishImmediate(resource as Immediate);
}

function finishImmediate(interrupted: Immediate): void {
  // Not the first of its turn: Node has noted that it must go on with this one, and calls it again. It must do nothing then.
  if (interrupted._idlePrev) {
    interrupted._destroyed = false;
    interrupted._onImmediate = nothing;
    // Node subtracts 1 for each immediate that it calls, and it calls this one twice. So the second of these three is only
    // counted: the list does not lead to it, and Node never calls it.
    const before = createImmediate();
    createImmediate();
    link(before, createImmediate());
    return;
  }
  // The first of its turn: Node has not stored where to go on, and would lose the others. They move to the next turn.
  if (!interrupted._idleNext) return;
  let last = interrupted._idleNext;
  while (last._idleNext) last = last._idleNext;
  const before = createImmediate();
  const after = createImmediate();
  link(before, interrupted._idleNext);
  link(last, after);
}

function link(before: Immediate, after: Immediate): void {
  before._idleNext = after;
  after._idlePrev = before;
}
