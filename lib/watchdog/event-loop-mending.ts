/** How Node keeps its timers and immediates: its own affair, so checked before it is relied on. */
interface Timer {
  _onTimeout: (() => void) | null;
}
interface Immediate {
  _onImmediate: (() => void) | null;
  _destroyed: boolean;
  _idleNext: Immediate | null;
  _idlePrev: Immediate | null;
}

// Taken now, so that a test that fakes timers later fakes none of these.
const { clearTimeout, setImmediate, setTimeout } = globalThis;

const nothing = (): void => {};

const createImmediate = (): Immediate => setImmediate(nothing).unref() as unknown as Immediate;

/** Whether this Node keeps timers and immediates in the way that is mended here. */
export function canMend(): boolean {
  const timer = setTimeout(nothing).unref() as unknown as Timer;
  clearTimeout(timer as unknown as NodeJS.Timeout);
  const first = createImmediate();
  const second = createImmediate();
  return (
    '_onTimeout' in timer &&
    first._onImmediate === nothing &&
    first._destroyed === false &&
    first._idleNext === second &&
    second._idlePrev === first
  );
}

/** Does for a timer or an immediate, if that is what is being interrupted, what Node would have done after it. */
export function mend(resource: Partial<Timer & Immediate>): void {
  // Node would count it as active for ever, and then not ref the event loop for the next timer.
  if (resource._onTimeout) clearTimeout(resource as NodeJS.Timeout);
  if (resource._onImmediate) mendImmediate(resource as Immediate);
}

function mendImmediate(interrupted: Immediate): void {
  // Behind another one of its turn: Node will begin again with it. Let it be one that does nothing.
  if (interrupted._idlePrev) {
    interrupted._destroyed = false;
    interrupted._onImmediate = nothing;
    // Run twice, it is counted off twice; so one that is counted is left out and never run.
    const before = createImmediate();
    createImmediate();
    link(before, createImmediate());
    return;
  }
  // The first of its turn: Node will forget the others. Let them be among those of the next one.
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

/** Node may not have scheduled the next timer when it was interrupted in one; a new one sees to that. */
export const wakeTimers = (): void => {
  setTimeout(nothing);
};
