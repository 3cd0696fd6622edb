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

interface TimersBinding {
  /** How many timers keep the process alive. */
  readonly timeoutInfo: [count: number];
  toggleTimerRef(isRef: boolean): void;
  scheduleTimer(delayMs: number): void;
}

const VARIABLES = ['timerListMap', 'timerListQueue', 'binding'];

/** The name of the function that takes the values of these variables from the inspector. */
const TAKE = sharedSymbol('take-timer-lists');

/** Node's own lists of timers, which only the inspector shows. */
export class TimerLists {
  readonly #map: TimerListMap;
  readonly #queue: TimerListQueue;
  readonly #binding: TimersBinding;

  private constructor(map: TimerListMap, queue: TimerListQueue, binding: TimersBinding) {
    this.#map = map;
    this.#queue = queue;
    this.#binding = binding;
  }

  /**
   * Reads the variables of Node's lib/timers.js, in which `clearTimeout` is defined.
   *
   * @returns undefined where this Node keeps its timers in another way
   */
  static find(session: Session): TimerLists | undefined {
    const clearTimeout = evaluate(session, 'process.getBuiltinModule("node:timers").clearTimeout');
    const scopes = readProperties(session, clearTimeout).get('[[Scopes]]');
    const variables = readProperties(session, readProperties(session, scopes).get('0'));
    const ids = VARIABLES.map((name) => variables.get(name));
    const [map, queue, binding] = takeValues(session, ids) as [
      TimerListMap?,
      Partial<TimerListQueue>?,
      Partial<TimersBinding>?,
    ];
    const isAsKnown =
      map &&
      queue?.insert &&
      queue.shift &&
      binding?.timeoutInfo &&
      binding.toggleTimerRef &&
      binding.scheduleTimer;
    return isAsKnown && new TimerLists(map, queue as TimerListQueue, binding as TimersBinding);
  }

  /**
   * Puts each list in the queue, counts the timers, and has Node look at the queue soon. Code that is interrupted while it
   * starts or clears a timer may leave a list that is not in the queue, and Node would never come to the timers of that
   * duration again. Where a timer is interrupted, Node does not know when the next one is due.
   */
  mend(): void {
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
}

type ObjectId = string | undefined;

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

/** The inspector knows objects by their ids only; a function that it calls gets the objects themselves. */
function takeValues(session: Session, ids: readonly ObjectId[]): readonly unknown[] {
  let taken: readonly unknown[] = [];
  const take = (...values: unknown[]): void => {
    taken = values;
  };
  Object.defineProperty(globalThis, TAKE, { value: take, configurable: true });
  const functionDeclaration = `(...values) => globalThis[Symbol.for(${JSON.stringify(Symbol.keyFor(TAKE))})](...values)`;
  const objectId = evaluate(session, 'globalThis') as string;
  session.post('Runtime.callFunctionOn', {
    functionDeclaration,
    objectId,
    arguments: ids.map((id) => ({ objectId: id })),
  });
  Reflect.deleteProperty(globalThis, TAKE);
  return taken;
}
