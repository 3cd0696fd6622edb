import fc from 'fast-check';

/** The role that the decorators give to a method. */
export type Role = 'none' | 'onTimeout' | 'responds' | 'finally';

/** The classes of a scenario: a base class with the methods a to c, and a subclass that overrides them and adds d to f. */
export interface Shape {
  readonly marginMs: number;
  readonly reserveMs: number | undefined;
  /** Whether the handler declares a callback. */
  readonly takesCallback: boolean;
  /** What its logger does. `throws`: its lines go to the console. A number: it blocks the event loop for so many ms. */
  readonly logger: 'writes' | 'throws' | number;
  readonly base: readonly Role[];
  readonly orders: readonly (Role | 'absent')[];
}

/** The names of the methods in the order in which both classes declare them. */
export const METHODS = ['a', 'b', 'c', 'd', 'e', 'f'] as const;

/**
 * How code ends. Only a reaction to the deadline `throws what it was told`. Code that throws the reason of its signal throws
 * an error of its own if the signal has not aborted.
 */
export type Ending =
  | 'returns a value'
  | 'returns nothing'
  | 'throws an error'
  | 'throws undefined'
  | 'throws what it was given'
  | 'throws an error around what it was given'
  | 'freezes what it was given, and throws an error'
  | 'throws what it was told'
  | 'throws an AbortError'
  | 'throws an AbortError of its own cause'
  | 'throws the reason of its signal'
  | 'throws an AbortError with that reason'
  | 'throws an error around that reason'
  | 'throws if it has expired';

/** One run of the user's code, a handler or a hook. */
export interface Code {
  /** How it asks for its deadline when it is called. `late`: not before it has blocked the event loop. */
  readonly asks: 'no' | 'late' | 'remainingMs' | 'signal' | 'race';
  /** How long it blocks the event loop when it is called. */
  readonly blocksMs: number;
  /** How long it waits after that: 0 for code that is not asynchronous, Infinity for code that hangs. */
  readonly waitsMs: number;
  /** How long it blocks the event loop before it ends. */
  readonly blocksLastMs: number;
  readonly ending: Ending;
  /** What code with a signal or a race does if its deadline comes while it waits. null: it continues to wait. */
  readonly reaction: { readonly waitsMs: number; readonly ending: Ending } | null;
  /** What the listener of the signal leaves when the signal aborts, and the code itself when it wakes after that. */
  readonly stray: 'nothing' | 'a rejected promise' | 'a thrown error' | 'the reason of its signal';
}

/** How a handler passes on its result. `both`: it calls back, and its promise settles `lagMs` later. */
export type Via =
  | { readonly kind: 'promise' }
  | { readonly kind: 'callback' }
  | { readonly kind: 'both'; readonly lagMs: number; readonly ending: Ending };

export interface Call {
  readonly startMs: number;
  /** The remaining time of the context, minus the margin. undefined: there is no context. */
  readonly slackMs: number | undefined;
  readonly via: Via;
  /** How many decorated methods of other instances, without a context, stand between the handler and its code. */
  readonly depth: number;
  /** How long after the call something that the handler leaves running reads its deadline, if the handler asked for it. */
  readonly leftOverMs: number | undefined;
  readonly handler: Code;
  /** What each method of {@link METHODS} does in this call, if it is a hook. */
  readonly hooks: readonly Code[];
}

/** Calls that overlap on one instance. */
export interface Scenario {
  readonly shape: Shape;
  readonly calls: readonly Call[];
}

/** Keeps only the first responder, because a class can have only one. */
function withOneResponder<Any extends string>(roles: readonly Any[]): Any[] {
  const first = roles.indexOf('responds' as Any);
  return roles.map((role, index) => (role === 'responds' && index !== first ? ('onTimeout' as Any) : role));
}

const roles = <Any extends string = Role>(length: number, ...others: Any[]): fc.Arbitrary<(Role | Any)[]> =>
  fc
    .array(fc.constantFrom<Role | Any>(...others, 'none', 'onTimeout', 'finally', 'responds'), {
      minLength: length,
      maxLength: length,
    })
    .map(withOneResponder);

const shape: fc.Arbitrary<Shape> = fc
  .record({
    // A tenth of it is the default reserve. A tenth of a multiple of 5 has no rounding error as a binary fraction.
    margin: fc.integer({ min: 1, max: 200 }),
    reserve: fc.option(fc.integer({ min: 0, max: 99 }), { nil: undefined }),
    takesCallback: fc.boolean(),
    logger: fc.oneof(
      { weight: 3, arbitrary: fc.constant('writes' as const) },
      fc.constant('throws' as const),
      fc.integer({ min: 1, max: 200 }),
    ),
    base: roles(3),
    orders: roles(6, 'absent' as const, 'absent' as const),
  })
  .map(({ margin, reserve, ...rest }) => ({
    ...rest,
    marginMs: 5 * margin,
    reserveMs: reserve === undefined ? undefined : Math.floor((5 * margin * reserve) / 100),
  }));

const ending = fc.constantFrom<Ending>(
  'returns a value',
  'returns a value',
  'returns a value',
  'returns nothing',
  'throws an error',
  'throws an error',
  'throws undefined',
  'throws what it was given',
  'throws an error around what it was given',
  'freezes what it was given, and throws an error',
  'throws an AbortError',
  'throws an AbortError of its own cause',
  'throws the reason of its signal',
  'throws an AbortError with that reason',
  'throws an error around that reason',
  'throws if it has expired',
);

const blocking = (blocks: boolean, never: number): fc.Arbitrary<number> =>
  blocks
    ? fc.oneof(
        { weight: never, arbitrary: fc.constant(0) },
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 1500 }),
      )
    : fc.constant(0);

const code = (blocks: boolean): fc.Arbitrary<Code> =>
  fc
    .record({
      asks: fc.constantFrom<Code['asks']>('no', 'late', 'remainingMs', 'signal', 'signal', 'race'),
      blocksMs: blocking(blocks, 2),
      waitsMs: fc.oneof(
        fc.constantFrom(0, Number.POSITIVE_INFINITY),
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 2000 }),
      ),
      blocksLastMs: blocking(blocks, 10),
      ending,
      reaction: fc.option(
        fc.record({
          waitsMs: fc.oneof(
            fc.constant(0),
            fc.integer({ min: 1, max: 50 }),
            fc.integer({ min: 1, max: 600 }),
          ),
          ending,
        }),
      ),
      stray: fc.constantFrom<Code['stray']>(
        'nothing',
        'nothing',
        'a rejected promise',
        'a thrown error',
        'the reason of its signal',
      ),
    })
    .map(caught);

/** Makes code whose race has no reaction end with the rejection of the race. */
const caught = (code: Code): Code =>
  code.asks === 'race' && !code.reaction
    ? { ...code, reaction: { waitsMs: 0, ending: 'throws what it was told' } }
    : code;

const via = (blocks: boolean): fc.Arbitrary<Via> =>
  fc.oneof(
    fc.constantFrom<Via>({ kind: 'promise' }, { kind: 'callback' }),
    // Code that blocks after the callback would delay the end of the promise.
    ...(blocks
      ? []
      : [fc.record({ kind: fc.constant('both'), lagMs: fc.integer({ min: 1, max: 1000 }), ending })]),
  );

const call = (blocks: boolean): fc.Arbitrary<Call> =>
  fc
    .record({
      startMs: fc.integer({ min: 1, max: 500 }),
      slackMs: fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: 1, max: blocks ? 300 : 1500 }) },
        fc.integer({ min: -1500, max: 0 }),
        fc.constantFrom(0, 2 ** 31, 2 ** 33),
        fc.constant(undefined),
      ),
      via: via(blocks),
      depth: fc.constantFrom(0, 0, 1, 2),
      leftOverMs: fc.option(fc.integer({ min: 1, max: 4000 })).map((ms) => ms ?? undefined),
      handler: code(blocks),
      hooks: fc.array(code(blocks), { minLength: METHODS.length, maxLength: METHODS.length }),
    })
    .map(forCallbacks);

/** Changes what does not end a callback handler: to return nothing at once, or to call back with undefined as the error. */
function forCallbacks(call: Call): Call {
  const { handler, via } = call;
  const isUndefined = [handler.ending, handler.reaction?.ending].includes('throws undefined');
  const returnsNothing = handler.waitsMs === 0 && handler.ending === 'returns nothing';
  return {
    ...call,
    via: isUndefined ? { kind: 'promise' } : via,
    handler: returnsNothing ? { ...handler, ending: 'returns a value' } : handler,
  };
}

const notSlow = (of: Shape): Shape => (typeof of.logger === 'number' ? { ...of, logger: 'writes' } : of);

/** Scenarios of several calls, or of one call that blocks the event loop. Several that block would delay each other. */
export const scenario: fc.Arbitrary<Scenario> = fc.oneof(
  fc.record({ shape: shape.map(notSlow), calls: fc.array(call(false), { minLength: 1, maxLength: 4 }) }),
  fc.record({ shape, calls: fc.array(call(true), { minLength: 1, maxLength: 1 }) }),
);
