import { expect } from 'chai';
import { Finally, GracefulTimeout, OnTimeout } from '../../lib/index.js';
import { FakeContext } from '../support/context.js';
import { loosely, memberName } from '../support/dialect.js';
import { forever, useFakeTime } from '../support/fake-time.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { timedOut } from '../support/timed-out.js';

describe('hooks', () => {
  const time = useFakeTime();
  const marginMs = 1000;
  const logger = new RecordingLogger();
  let ran: string[];

  beforeEach(() => {
    ran = [];
  });

  /** A class whose handler never ends. Each hook writes its name. */
  class Base {
    @GracefulTimeout({ marginMs, logger })
    handler(_event: unknown, _context: unknown): Promise<string> {
      return forever();
    }

    @Finally
    protected closeBase(): void {
      ran.push('Base.closeBase');
    }

    @OnTimeout
    protected reportBase(): void {
      ran.push('Base.reportBase');
    }
  }

  const run = async (instance: Base): Promise<string[]> => {
    await timedOut(time.clock, instance.handler.bind(instance));
    return ran;
  };

  describe('discovery (R5)', () => {
    it('finds any number of hooks of each kind, on string and symbol keys, public and protected', async () => {
      const symbol = Symbol('close');
      class Orders extends Base {
        @OnTimeout
        public first(): void {
          ran.push('first');
        }

        @OnTimeout
        protected second(): void {
          ran.push('second');
        }

        @Finally
        [symbol](): void {
          ran.push('symbol');
        }
      }
      expect(await run(new Orders())).to.deep.equal([
        'first',
        'second',
        'Base.reportBase',
        'symbol',
        'Base.closeBase',
      ]);
    });

    it('finds the hooks of an instance whose prototype is another instance', async () => {
      expect(await run(Object.create(new Base()))).to.deep.equal(['Base.reportBase', 'Base.closeBase']);
    });

    it('finds a hook that is declared before the handler', async () => {
      class Orders {
        @Finally
        protected close(): void {
          ran.push('close');
        }

        @GracefulTimeout({ marginMs, logger })
        async handler(_event: unknown, _context: unknown): Promise<void> {}
      }
      await new Orders().handler({}, new FakeContext(3000));
      expect(ran).to.deep.equal(['close']);
    });

    it('finds static hooks for a static handler, also inherited ones, but no instance hooks', async () => {
      class StaticBase {
        @Finally
        protected static closeStatic(): void {
          ran.push('closeStatic');
        }
      }
      class Orders extends StaticBase {
        static state = 'static state';

        @GracefulTimeout({ marginMs, logger })
        static handler(_event: unknown, _context: unknown): Promise<string> {
          return forever();
        }

        @OnTimeout
        protected static report(): void {
          ran.push(`report ${Orders.state}`);
        }

        @OnTimeout
        protected reportInstance(): void {
          ran.push('reportInstance');
        }
      }
      const error = await timedOut(time.clock, Orders.handler.bind(Orders));
      expect(ran).to.deep.equal(['report static state', 'closeStatic']);
      expect(error.handler).to.equal('Orders.handler');
    });

    it('does not run the hooks of a subclass for its superclass or for its siblings', async () => {
      class Orders extends Base {
        @OnTimeout
        protected reportOrders(): void {
          ran.push('reportOrders');
        }
      }
      class Refunds extends Base {
        @OnTimeout
        protected reportRefunds(): void {
          ran.push('reportRefunds');
        }
      }
      expect(await run(new Orders())).to.deep.equal(['reportOrders', 'Base.reportBase', 'Base.closeBase']);
      ran = [];
      expect(await run(new Refunds())).to.deep.equal(['reportRefunds', 'Base.reportBase', 'Base.closeBase']);
      ran = [];
      expect(await run(new Base())).to.deep.equal(['Base.reportBase', 'Base.closeBase']);
    });

    it('runs the override of a hook once, if it is not decorated again', async () => {
      class Orders extends Base {
        protected override reportBase(): void {
          ran.push('Orders.reportBase');
        }
      }
      expect(await run(new Orders())).to.deep.equal(['Orders.reportBase', 'Base.closeBase']);
    });

    it('runs the override of a hook once, if it is decorated again', async () => {
      class Orders extends Base {
        @OnTimeout
        protected override reportBase(): void {
          ran.push('Orders.reportBase');
        }
      }
      expect(await run(new Orders())).to.deep.equal(['Orders.reportBase', 'Base.closeBase']);
    });

    it('fails by the name of a hook whose override cannot be called as one, and runs the others', async () => {
      class Generates extends Base {
        protected override async *reportBase(): AsyncGenerator<number> {
          yield ran.push('never');
        }
      }
      class Sets extends Base {
        // @ts-expect-error: it is a field
        protected override reportBase = 5;
      }
      for (const [Orders, found] of [
        [Generates, 'a generator'],
        [Sets, '`5`'],
      ] as const) {
        ran = [];
        logger.lines.length = 0;
        expect(await run(new Orders() as unknown as Base)).to.deep.equal(['Base.closeBase']);
        const name = `${Orders.name}.reportBase`;
        expect(logger.lines.at(-1)?.detail)
          .to.be.instanceOf(TypeError)
          .with.property(
            'message',
            `${name} is a hook, but was overridden with ${found}. Override it with a method.`,
          );
      }
    });

    it('takes the kind of a hook from its override', async () => {
      class Orders extends Base {
        @Finally
        protected override reportBase(): void {
          ran.push('Orders.reportBase at last');
        }
      }
      expect(await run(new Orders())).to.deep.equal(['Orders.reportBase at last', 'Base.closeBase']);
    });

    it('runs a method that is a hook of both kinds as both', async () => {
      class Orders extends Base {
        @OnTimeout
        @Finally
        protected both(): void {
          ran.push('both');
        }
      }
      expect(await run(new Orders())).to.deep.equal(['both', 'Base.reportBase', 'both', 'Base.closeBase']);
    });

    it('finds the hooks of the superclass for a handler of the subclass', async () => {
      class Orders extends Base {
        @GracefulTimeout({ marginMs, logger })
        other(_event: unknown, _context: unknown): Promise<string> {
          return forever();
        }
      }
      const orders = new Orders();
      await timedOut(time.clock, orders.other.bind(orders));
      expect(ran).to.deep.equal(['Base.reportBase', 'Base.closeBase']);
    });

    it('refuses a #private hook, which cannot be found', () => {
      const decorate = () =>
        loosely(OnTimeout)(() => {}, {
          kind: 'method',
          name: '#report',
          static: false,
          private: true,
          metadata: {},
        });
      expect(decorate)
        .to.throw(TypeError)
        .with.property(
          'message',
          '@OnTimeout on #report: expected a public or protected method, got a private one. Make it `protected`, without `#`.',
        );
    });

    it('finds a public hook whose name begins with #', async () => {
      class Orders extends Base {
        @OnTimeout
        '#report'(): void {
          ran.push('#report');
        }
      }
      expect(await run(new Orders())).to.include('#report');
    });

    it('refuses a compiler of standard decorators without metadata', () => {
      const decorate = () =>
        loosely(Finally)(() => {}, { kind: 'method', name: 'close', static: false, private: false });
      expect(decorate)
        .to.throw(TypeError)
        .with.property(
          'message',
          '@Finally on close: expected a compiler that provides `context.metadata`, got `undefined`. Compile with TypeScript 5.2, esbuild 0.21.3 or later, or with `experimentalDecorators`.',
        );
    });

    it('needs no metadata for a handler without hooks', async () => {
      const context = { kind: 'method', name: 'handler', static: false, private: false };
      const decorate = GracefulTimeout({ marginMs, logger }) as unknown as (
        ...args: unknown[]
      ) => () => unknown;
      const guarded = decorate(() => 'done', context);
      const args = [{}, new FakeContext(3000)] as unknown as [];
      expect(await guarded.call({}, ...args)).to.equal('done');
      const odd = [Object.create(null), Object.create({ constructor: 'none' }), undefined];
      for (const self of odd) expect(await guarded.call(self, ...args)).to.equal('done');
    });

    it('finds hooks that were recorded before a polyfill put its own functions on Reflect', async () => {
      class Orders extends Base {
        @OnTimeout
        protected report(): void {
          ran.push('report');
        }
      }
      const { defineMetadata, getOwnMetadata } = Reflect;
      Object.assign(Reflect, { defineMetadata() {}, getOwnMetadata() {} });
      try {
        class ExpressOrders extends Orders {
          @Finally
          protected close(): void {
            ran.push('close');
          }
        }
        expect(await run(new ExpressOrders())).to.include.members(['report', 'Base.reportBase', 'close']);
      } finally {
        Object.assign(Reflect, { defineMetadata, getOwnMetadata });
      }
    });
  });

  describe('order (R6)', () => {
    it('runs @OnTimeout before @Finally, then the subclass before the superclass, then as declared', async () => {
      class Middle extends Base {
        @Finally
        protected closeMiddle(): void {
          ran.push('closeMiddle');
        }
      }
      class Orders extends Middle {
        @Finally
        protected close1(): void {
          ran.push('close1');
        }

        @OnTimeout
        protected report1(): void {
          ran.push('report1');
        }

        @Finally
        protected close2(): void {
          ran.push('close2');
        }

        @OnTimeout
        protected report2(): void {
          ran.push('report2');
        }
      }
      expect(await run(new Orders())).to.deep.equal([
        'report1',
        'report2',
        'Base.reportBase',
        'close1',
        'close2',
        'closeMiddle',
        'Base.closeBase',
      ]);
    });

    it('runs them one after the other', async () => {
      class Orders {
        @GracefulTimeout({ marginMs, logger })
        async handler(_event: unknown, _context: unknown): Promise<void> {}

        @Finally
        protected async first(): Promise<void> {
          ran.push('first starts');
          await Promise.resolve();
          await Promise.resolve();
          ran.push('first ends');
        }

        @Finally
        protected async second(): Promise<void> {
          ran.push('second starts');
        }
      }
      await new Orders().handler({}, new FakeContext(3000));
      expect(ran).to.deep.equal(['first starts', 'first ends', 'second starts']);
    });
  });

  describe('arguments (R7)', () => {
    it('gives the error or the outcome, the arguments of the handler, and the same instance', async () => {
      const seen: unknown[] = [];
      class Orders {
        name = 'this one';

        @GracefulTimeout({ marginMs, logger })
        handler(_event: unknown, _context: unknown, _more?: unknown): Promise<string> {
          return forever();
        }

        @OnTimeout
        protected report(...args: unknown[]): void {
          seen.push(this, ...args);
        }

        @Finally
        protected close(...args: unknown[]): void {
          seen.push(this, ...args);
        }
      }
      const orders = new Orders();
      const event = { id: 1 };
      const context = new FakeContext(3000);
      const rejection = orders.handler(event, context, 'more').catch((error: unknown) => error);
      await time.clock.tickAsync(2000);
      const error = await rejection;
      const outcome = { status: 'rejected', reason: error };
      expect(seen).to.deep.equal([
        orders,
        error,
        event,
        context,
        'more',
        orders,
        outcome,
        event,
        context,
        'more',
      ]);
      expect(seen[0]).to.equal(orders);
      expect(seen[2]).to.equal(event);
      expect(seen[3]).to.equal(context);
    });

    it('gives the outcome of a success and of a failure', async () => {
      const outcomes: unknown[] = [];
      class Orders {
        @GracefulTimeout({ marginMs, logger })
        async handler(event: () => string, _context: unknown): Promise<string> {
          return event();
        }

        @Finally
        protected close(outcome: PromiseSettledResult<string>): void {
          outcomes.push(outcome);
        }
      }
      const failure = new Error('failed');
      const orders = new Orders();
      await orders.handler(() => 'done', new FakeContext(3000));
      const fail = () => {
        throw failure;
      };
      await orders.handler(fail, new FakeContext(3000)).catch(() => {});
      expect(outcomes).to.deep.equal([
        { status: 'fulfilled', value: 'done' },
        { status: 'rejected', reason: failure },
      ]);
    });

    it('gives @Finally the response of a responding hook as the outcome', async () => {
      const outcomes: unknown[] = [];
      class Orders extends Base {
        @OnTimeout({ respond: true })
        protected respond(): string {
          return 'response';
        }

        @Finally
        protected close(outcome: PromiseSettledResult<string>): void {
          outcomes.push(outcome);
        }
      }
      const response = new Orders().handler({}, new FakeContext(3000));
      await time.clock.tickAsync(2000);
      expect(await response).to.equal('response');
      expect(outcomes).to.deep.equal([{ status: 'fulfilled', value: 'response' }]);
    });
  });

  it('are named with their class in errors, if the dialect provides it (R3)', () => {
    const define = () => {
      class Bad {
        @loosely(Finally)
        get close(): number {
          return 1;
        }
      }
      return Bad;
    };
    expect(define).to.throw(TypeError, `@Finally on ${memberName('Bad', 'close')}`);
  });
});
