import { Logger } from '@aws-lambda-powertools/logger';
import { expect } from 'chai';
import sinon from 'sinon';
import { Finally, GracefulTimeout, LambdaTimeoutError, OnTimeout } from '../../lib/index.js';
import { FakeContext } from '../support/context.js';
import { loosely, memberName } from '../support/dialect.js';
import { expectRejection } from '../support/expect-rejection.js';
import { forever, useFakeTime, wait } from '../support/fake-time.js';
import { RecordingLogger } from '../support/recording-logger.js';

describe('@GracefulTimeout', () => {
  const time = useFakeTime();

  describe('forms (R1)', () => {
    it('takes the margin as a number', async () => {
      sinon.stub(console, 'error');
      class Orders {
        @GracefulTimeout(1000)
        handler(_event: unknown, _context: unknown): Promise<never> {
          return forever();
        }
      }
      const rejection = expectRejection(new Orders().handler({}, new FakeContext(3000)));
      await time.clock.tickAsync(1999);
      expect(time.clock.countTimers()).to.equal(1);
      await time.clock.tickAsync(1);
      expect(await rejection).to.be.instanceOf(LambdaTimeoutError);
    });

    it('takes options', async () => {
      const logger = new RecordingLogger();
      class Orders {
        @GracefulTimeout({ marginMs: 1000, reserveMs: 0, logger })
        handler(_event: unknown, _context: unknown): Promise<never> {
          return forever();
        }
      }
      const rejection = expectRejection(new Orders().handler({}, new FakeContext(3000)));
      await time.clock.tickAsync(2000);
      const error = await rejection;
      expect(logger.lines).to.deep.equal([
        { level: 'error', message: (error as Error).message, detail: error },
      ]);
    });

    it('takes undefined for an option that can be left out', () => {
      const options = { marginMs: 1000, reserveMs: undefined, logger: undefined } as never;
      class Orders {
        @GracefulTimeout(options)
        handler(): string {
          return 'done';
        }
      }
      expect(Orders).to.be.a('function');
    });

    it('takes a Powertools Logger', () => {
      class Orders {
        @GracefulTimeout({ marginMs: 1000, logger: new Logger() })
        handler(): string {
          return 'done';
        }
      }
      expect(Orders).to.be.a('function');
    });
  });

  describe('misuse at class definition (R3)', () => {
    const decorated = (options: unknown) => () => {
      class Bad {
        @loosely(GracefulTimeout(options as number))
        handler(): void {}
      }
      return Bad;
    };
    const handler = memberName('Bad', 'handler');
    const writeMargin = 'Write the time in ms to keep before the Lambda deadline: `@GracefulTimeout(3000)`.';

    const margins: [unknown, string][] = [
      [-5, '`-5` (number)'],
      [0, '`0` (number)'],
      [Number.NaN, '`NaN` (number)'],
      [Number.POSITIVE_INFINITY, '`Infinity` (number)'],
      ['3000', '`"3000"` (string)'],
      [undefined, '`undefined` (undefined)'],
      [null, '`null` (null)'],
    ];
    for (const [marginMs, shown] of margins) {
      const message = `@GracefulTimeout on ${handler}: expected \`marginMs\` to be a finite number > 0, got ${shown}. ${writeMargin}`;
      it(`refuses the margin ${shown}`, () => {
        expect(decorated(marginMs)).to.throw(TypeError).with.property('message', message);
        expect(decorated({ marginMs })).to.throw(TypeError).with.property('message', message);
      });
    }

    for (const [reserveMs, shown] of [
      [-1, '`-1` (number)'],
      [3000, '`3000` (number)'],
      [Number.NaN, '`NaN` (number)'],
      ['1', '`"1"` (string)'],
    ]) {
      it(`refuses the reserve ${shown} of a margin of 3000 ms`, () => {
        expect(decorated({ marginMs: 3000, reserveMs }))
          .to.throw(TypeError)
          .with.property(
            'message',
            `@GracefulTimeout on ${handler}: expected \`reserveMs\` to be a finite number >= 0 and < \`marginMs\` (3000), got ${shown}. Leave it out for a tenth of the margin.`,
          );
      });
    }

    it('accepts the bounds of the reserve', () => {
      expect(decorated({ marginMs: 3000, reserveMs: 0 })).not.to.throw();
      expect(decorated({ marginMs: 3000, reserveMs: 2999.9 })).not.to.throw();
    });

    it('refuses an unknown option', () => {
      expect(decorated({ marginMs: 3000, marginMS: 1 }))
        .to.throw(TypeError)
        .with.property(
          'message',
          `@GracefulTimeout on ${handler}: expected no options but \`marginMs\`, \`reserveMs\`, \`preempt\`, \`logger\`, got \`marginMS\`. Remove it or correct its name.`,
        );
    });

    for (const [logger, shown] of [
      [null, '`null` (null)'],
      [{ error() {} }, '`{}` (object)'],
      [{ warn() {} }, '`{}` (object)'],
    ]) {
      it(`refuses the logger ${shown}`, () => {
        expect(decorated({ marginMs: 3000, logger }))
          .to.throw(TypeError)
          .with.property(
            'message',
            `@GracefulTimeout on ${handler}: expected \`logger\` to have the methods \`error\` and \`warn\`, got ${shown}. Pass a Powertools \`Logger\`, or leave it out for \`console\`.`,
          );
      });
    }

    it('refuses options as a second argument', () => {
      const define = () => {
        class Bad {
          @loosely(loosely(GracefulTimeout)(3000, { reserveMs: 500 }))
          handler(): void {}
        }
        return Bad;
      };
      expect(define)
        .to.throw(TypeError)
        .with.property(
          'message',
          `@GracefulTimeout on ${handler}: expected a single argument, got \`{"reserveMs":500}\` (object). Write \`@GracefulTimeout({ marginMs: 3000, reserveMs: 300 })\`.`,
        );
    });

    it('refuses a `preempt` that is not a boolean', () => {
      expect(decorated({ marginMs: 3000, preempt: 'yes' }))
        .to.throw(TypeError)
        .with.property(
          'message',
          `@GracefulTimeout on ${handler}: expected \`preempt\` to be a boolean, got \`"yes"\` (string). Write \`true\`, or leave it out for \`false\`.`,
        );
    });

    it('refuses a use without a margin', () => {
      const define = () => {
        class Bad {
          @loosely(GracefulTimeout)
          handler(): void {}
        }
        return Bad;
      };
      expect(define)
        .to.throw(TypeError)
        .with.property(
          'message',
          `@GracefulTimeout on ${handler}: expected a margin in ms, got none. Write \`@GracefulTimeout(3000)\`.`,
        );
    });

    it('refuses a field', () => {
      const define = () => {
        class Bad {
          @loosely(GracefulTimeout(3000))
          handler = async () => {};
        }
        return Bad;
      };
      expect(define)
        .to.throw(TypeError)
        .with.property(
          'message',
          `@GracefulTimeout on ${handler}: expected a method, got a field. Put it on a method.`,
        );
    });

    it('refuses an accessor', () => {
      const define = () => {
        class Bad {
          @loosely(GracefulTimeout(3000))
          get handler(): () => void {
            return () => {};
          }
        }
        return Bad;
      };
      expect(define)
        .to.throw(TypeError)
        .with.property(
          'message',
          `@GracefulTimeout on ${handler}: expected a method, got an accessor. Put it on a method.`,
        );
    });

    it('refuses a class', () => {
      const define = () => {
        @loosely(GracefulTimeout(3000))
        class Bad {}
        return Bad;
      };
      const defineBare = () => {
        @loosely(GracefulTimeout)
        class Bad {}
        return Bad;
      };
      const message = '@GracefulTimeout on Bad: expected a method, got a class. Put it on a method.';
      expect(define).to.throw(TypeError).with.property('message', message);
      expect(defineBare).to.throw(TypeError).with.property('message', message);
    });

    it('refuses a parameter', () => {
      class Bad {
        handler(): void {}
      }
      expect(() => loosely(GracefulTimeout(3000))(Bad.prototype, 'handler', 0))
        .to.throw(TypeError)
        .with.property(
          'message',
          '@GracefulTimeout on Bad.handler: expected a method, got a parameter. Put it on a method.',
        );
    });
  });

  describe('called without its instance (R19)', () => {
    it('rejects and shows the `bind()` to write, if the class has hooks', async () => {
      class Orders {
        @GracefulTimeout(1000)
        async handler(): Promise<string> {
          return 'done';
        }

        @Finally
        protected close(): void {}
      }
      const { handler } = new Orders();
      const message = `${memberName('Orders', 'handler')} was called without its instance, so its hooks cannot run. Export the bound method: \`export const handler = instance.handler.bind(instance);\``;
      for (const self of [undefined, null, {}, Object.create(null), 'orders', class Other {}]) {
        const reason = await expectRejection(handler.call(self as Orders));
        expect(reason).to.be.instanceOf(TypeError).with.property('message', message);
      }
    });

    it('shows the `bind()` of the class, if the handler is static', async () => {
      class Orders {
        @GracefulTimeout(1000)
        static async handler(): Promise<string> {
          return 'done';
        }

        @Finally
        protected static close(): void {}
      }
      const { handler } = Orders;
      const owner = memberName('Orders', '') === '' ? 'YourClass' : 'Orders';
      const reason = (await expectRejection(handler.call(undefined as never))) as Error;
      expect(reason.message).to.include(`\`export const handler = ${owner}.handler.bind(${owner});\``);
    });

    it('rejects if only a superclass has hooks', async () => {
      class Base {
        @OnTimeout
        protected report(): void {}
      }
      class Orders extends Base {
        @GracefulTimeout(1000)
        async handler(): Promise<string> {
          return 'done';
        }
      }
      const { handler } = new Orders();
      expect(await expectRejection(handler.call(undefined as never))).to.be.instanceOf(TypeError);
    });

    it('runs if the class has only static hooks, which an instance handler does not run', async () => {
      class Orders {
        @GracefulTimeout({ marginMs: 1000, logger: new RecordingLogger() })
        async handler(_event: unknown, _context: unknown): Promise<string> {
          return 'done';
        }

        @Finally
        protected static close(): void {}
      }
      const { handler } = new Orders();
      expect(await handler.call(undefined as never, {}, new FakeContext(3000))).to.equal('done');
    });
  });

  describe('shape (R20)', () => {
    const marker = Symbol('marker');
    const marked = loosely((...args: unknown[]) => {
      const method = (args[2] as PropertyDescriptor | undefined)?.value ?? args[0];
      Object.assign(method as object, { [marker]: 'kept', note: 'kept too' });
    });
    class Orders {
      @GracefulTimeout(1000)
      @marked
      async handler(_event: unknown, _stream: unknown, _context: unknown): Promise<void> {}

      @GracefulTimeout(1000)
      async one(_event: unknown): Promise<void> {}
    }

    it('keeps the name of the method', () => {
      expect(new Orders().handler).to.have.property('name', 'handler');
    });

    it('keeps the properties of the method, also under symbols', () => {
      expect(new Orders().handler).to.have.property(marker, 'kept');
      expect(new Orders().handler).to.have.property('note', 'kept too');
    });

    it('keeps the length of the method, up to 2', () => {
      expect(new Orders().one).to.have.length(1);
      expect(new Orders().handler).to.have.length(2);
      // As that of any function, so that others that wrap it can give theirs another one.
      expect(Object.getOwnPropertyDescriptor(new Orders().handler, 'length')).to.deep.equal({
        value: 2,
        configurable: true,
        enumerable: false,
        writable: false,
      });
    });

    it('stays where the method was: on the prototype and not enumerable', () => {
      expect(Object.getOwnPropertyDescriptor(Orders.prototype, 'handler')).to.include({
        configurable: true,
        enumerable: false,
        writable: true,
      });
    });
  });

  it('does not change the instance, the arguments and the result of the method (R4)', async () => {
    class Orders {
      prefix = 'order';

      @GracefulTimeout(1000)
      async handler(event: { id: number }, _context: FakeContext): Promise<string> {
        await wait(10);
        return `${this.prefix} ${event.id}`;
      }
    }
    const orders = new Orders();
    const handler = orders.handler.bind(orders);
    const result: Promise<string> = handler({ id: 7 }, new FakeContext(3000));
    await time.clock.tickAsync(10);
    expect(await result).to.equal('order 7');
  });
});
