import type { Session } from 'node:inspector';
import { sharedSymbol } from '../../shared.js';

interface Link {
  readonly _idleNext: Link;
}

/** A ring of all timers of one duration, in which the list itself is the first link. */
type TimersList = Link;

/** The lists that are not empty, by duration. */
type TimerListMap = Readonly<Record<number, TimersList>>;

/** The same lists, by the time at which the next timer of each is due. */
interface TimerListQueue {
  insert(list: TimersList): void;
  shift(): TimersList | undefined;
}

interface Immediate {
  readonly _idleNext: Immediate | null;
  readonly _destroyed: boolean;
  hasRef(): boolean;
}

/** The immediates that wait for the next turn. */
interface ImmediateQueue {
  readonly head: Immediate | null;
  remove(immediate: Immediate): void;
}

interface TimersBinding {
  /** How many immediates there are, how many of them keep the process alive, and whether a turn is under way. */
  readonly immediateInfo: [count: number, refCount: number, hasOutstanding: number];
  toggleImmediateRef(isRef: boolean): void;
  /** How many timers keep the process alive. */
  readonly timeoutInfo: [count: number];
  toggleTimerRef(isRef: boolean): void;
  scheduleTimer(delayMs: number): void;
}

const VARIABLES = ['timerListMap', 'timerListQueue', 'immediateQueue', 'binding'];

// Taken now, so that a test that fakes timers later does not fake it.
const { clearTimeout } = globalThis;

/** The name under which the inspector finds what it is asked about, and leaves what it has found. */
const EXCHANGE = sharedSymbol('exchange');

interface Exchange {
  readonly clearTimeout: typeof clearTimeout;
  found: readonly unknown[];
}

/** Node's own lists of timers and immediates, which only the inspector shows. */
export class TimerLists {
  readonly #map: TimerListMap;
  readonly #queue: TimerListQueue;
  readonly #immediates: ImmediateQueue;
  readonly #binding: TimersBinding;

  private constructor(
    map: TimerListMap,
    queue: TimerListQueue,
    immediates: ImmediateQueue,
    binding: TimersBinding,
  ) {
    this.#map = map;
    this.#queue = queue;
    this.#immediates = immediates;
    this.#binding = binding;
  }

  /**
   * Reads the variables of Node's lib/timers.js, in which `clearTimeout` is defined.
   *
   * @returns undefined where this Node keeps its timers in another way
   */
  static find(session: Session): TimerLists | undefined {
    const exchange: Exchange = { clearTimeout, found: [] };
    Object.defineProperty(globalThis, EXCHANGE, { value: exchange, configurable: true });
    lookUp(session, VARIABLES);
    Reflect.deleteProperty(globalThis, EXCHANGE);
    const [map, queue, immediates, binding] = exchange.found as [
      TimerListMap?,
      Partial<TimerListQueue>?,
      Partial<ImmediateQueue>?,
      Partial<TimersBinding>?,
    ];
    const areAsKnown =
      map && queue?.insert && queue.shift && immediates?.remove && immediates.head !== undefined;
    const isBindingAsKnown =
      binding?.timeoutInfo &&
      binding.toggleTimerRef &&
      binding.scheduleTimer &&
      binding.immediateInfo?.length === 3 &&
      binding.toggleImmediateRef;
    return areAsKnown && isBindingAsKnown
      ? new TimerLists(
          map,
          queue as TimerListQueue,
          immediates as ImmediateQueue,
          binding as unknown as TimersBinding,
        )
      : undefined;
  }

  /** Repairs what an interruption may have left half done. */
  mend(): void {
    this.#mendTimers();
    this.#mendImmediates();
  }

  /**
   * Puts each list in the queue, counts the timers, and has Node look at the queue soon. Code that is interrupted while it
   * starts or clears a timer may leave a list that is not in the queue, and Node would never come to the timers of that
   * duration again. Where a timer is interrupted, Node does not know when the next one is due.
   */
  #mendTimers(): void {
    let count = 0;
    while (this.#queue.shift());
    for (const list of Object.values(this.#map)) {
      this.#queue.insert(list);
      for (let link = list._idleNext; link !== list; link = link._idleNext) {
        if ((link as Link & NodeJS.Timeout).hasRef()) count++;
      }
    }
    this.#binding.timeoutInfo[0] = count;
    this.#binding.toggleTimerRef(count > 0);
    this.#binding.scheduleTimer(1);
  }

  /**
   * Takes cleared immediates out of the queue, and counts the others. Code that is interrupted while it clears an immediate
   * may leave it in the queue, and Node would never end that turn.
   */
  #mendImmediates(): void {
    const waiting: Immediate[] = [];
    for (let at = this.#immediates.head; at; at = at._idleNext) waiting.push(at);
    for (const cleared of waiting.filter(({ _destroyed }) => _destroyed)) this.#immediates.remove(cleared);
    const left = waiting.filter(({ _destroyed }) => !_destroyed);
    const refCount = left.filter((immediate) => immediate.hasRef()).length;
    const info = this.#binding.immediateInfo;
    // In the middle of a turn, Node's count also contains immediates that are no longer in this queue.
    if (info[2] !== 0) return;
    info[0] = left.length;
    info[1] = refCount;
    this.#binding.toggleImmediateRef(refCount > 0);
  }
}

type ObjectId = string | undefined;

/**
 * Finds variables that the function in the exchange can see. The inspector gives their values only to a function that it
 * calls.
 */
function lookUp(session: Session, names: readonly string[]): void {
  const exchange = evaluate(session, `globalThis[Symbol.for(${JSON.stringify(Symbol.keyFor(EXCHANGE))})]`);
  const scopes = readProperties(session, readProperties(session, exchange).get('clearTimeout')).get(
    '[[Scopes]]',
  );
  const variables = readProperties(session, readProperties(session, scopes).get('0'));
  session.post('Runtime.callFunctionOn', {
    objectId: exchange as string,
    functionDeclaration: 'function (...values) { this.found = values; }',
    arguments: names.map((name) => ({ objectId: variables.get(name) })),
  });
}

function evaluate(session: Session, expression: string): ObjectId {
  let id: ObjectId;
  session.post('Runtime.evaluate', { expression }, (_, reply) => {
    id = reply.result.objectId;
  });
  return id;
}

function readProperties(session: Session, objectId: ObjectId): ReadonlyMap<string, ObjectId> {
  const ids = new Map<string, ObjectId>();
  if (objectId === undefined) return ids;
  session.post('Runtime.getProperties', { objectId, ownProperties: true }, (_, reply) => {
    for (const { name, value } of [...reply.result, ...(reply.internalProperties ?? [])]) {
      ids.set(name, value?.objectId);
    }
  });
  return ids;
}
