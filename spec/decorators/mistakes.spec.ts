import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Finally, GracefulTimeout, OnTimeout } from '../../lib/index.js';
import { FakeContext } from '../support/context.js';
import { loosely, memberName } from '../support/dialect.js';
import { forever, useFakeTime } from '../support/fake-time.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { timedOut } from '../support/timed-out.js';

/** Another decorator, in both dialects. */
const wraps = loosely((value: unknown, _context: unknown, descriptor?: PropertyDescriptor) => {
  if (!descriptor) return () => value;
  const { value: method } = descriptor;
  descriptor.value = () => method;
  return undefined;
});

describe('a mistake in the use of a decorator (R3)', () => {
  const decorators = {
    '@GracefulTimeout': loosely(GracefulTimeout(1000)),
    '@OnTimeout': loosely(OnTimeout),
    '@Finally': loosely(Finally),
  };

  for (const [name, decorator] of Object.entries(decorators)) {
    it(`is ${name} on a generator, because nobody would iterate over it`, () => {
      const asynchronous = () => {
        class Bad {
          @decorator
          async *method(): AsyncGenerator<number> {}
        }
        return Bad;
      };
      const synchronous = () => {
        class Bad {
          @decorator
          *method(): Generator<number> {}
        }
        return Bad;
      };
      const message = `${name} on ${memberName('Bad', 'method')}: expected a method, got a generator. Make it an ordinary or an \`async\` method: nobody iterates over what a generator returns.`;
      expect(asynchronous).to.throw(TypeError).with.property('message', message);
      expect(synchronous).to.throw(TypeError).with.property('message', message);
    });

    it(`is ${name} on a function that is not a method`, () => {
      const mend = 'got a plain function. Write it as a method of a class, and put the decorator on that.';
      const handler = () => {};
      expect(() => decorator(handler))
        .to.throw(TypeError)
        .with.property('message', `${name} on handler: expected a method, ${mend}`);
      expect(() => decorator(() => {}))
        .to.throw(TypeError)
        .with.property('message', `${name} on an anonymous function: expected a method, ${mend}`);
    });
  }

  for (const [name, hook] of Object.entries({ '@OnTimeout': OnTimeout, '@Finally': Finally })) {
    it(`is ${name} on the handler itself, which would be called once more`, () => {
      const above = () => {
        class Bad {
          @loosely(hook)
          @GracefulTimeout(1000)
          handler(): void {}
        }
        return Bad;
      };
      const between = () => {
        class Bad {
          @loosely(hook)
          @wraps
          @GracefulTimeout(1000)
          handler(): void {}
        }
        return Bad;
      };
      const below = () => {
        class Bad {
          @GracefulTimeout(1000)
          @loosely(hook)
          handler(): void {}
        }
        return Bad;
      };
      const mend = 'Put it on a method of its own: a hook is called in addition to the handler.';
      const place = memberName('Bad', 'handler');
      expect(between).to.throw(TypeError, 'got the handler. ');
      expect(above)
        .to.throw(TypeError)
        .with.property(
          'message',
          `${name} on ${place}: expected a method that is not the handler, got the handler. ${mend}`,
        );
      expect(below)
        .to.throw(TypeError)
        .with.property(
          'message',
          `@GracefulTimeout on ${place}: expected a method that is not a hook, got a hook. ${mend}`,
        );
    });
  }

  it('is a list in place of the options', () => {
    expect(() => loosely(GracefulTimeout([1000] as never))({}, 'handler', { value() {} })).to.throw(
      TypeError,
      '@GracefulTimeout on Object.handler: expected `marginMs` to be a finite number > 0, got `[1000]` (object).',
    );
    expect(() => loosely(OnTimeout([] as never))({}, 'report', { value() {} })).to.throw(
      TypeError,
      '@OnTimeout on Object.report: expected an object with options, got `[]` (object).',
    );
  });

  describe('is what was called without a method', () => {
    const calls: Record<string, readonly [decorator: unknown, args: readonly unknown[], message: string]> = {
      nothing: [
        GracefulTimeout(1000),
        [],
        '@GracefulTimeout: expected a method, got `undefined` (undefined).',
      ],
      undefined: [OnTimeout(), [undefined], '@OnTimeout: expected a method, got `undefined` (undefined).'],
      null: [Finally(), [null], '@Finally: expected a method, got `null` (null).'],
      'a number': [GracefulTimeout(1000), [5], '@GracefulTimeout: expected a method, got `5` (number).'],
      'an object': [OnTimeout({}), [{ a: 1 }], '@OnTimeout: expected a method, got `{"a":1}` (object).'],
      'an object that is shown as nothing': [
        Finally(),
        [{ toJSON() {} }],
        '@Finally: expected a method, got `[object Object]` (object).',
      ],
      'a key of nothing': [
        OnTimeout,
        [undefined, 'report'],
        '@OnTimeout: expected a method, got `undefined` (undefined).',
      ],
      'a key of an object without a prototype': [
        GracefulTimeout(1000),
        [Object.create(null), 'handler'],
        '@GracefulTimeout on handler: expected a method, got a field.',
      ],
    };
    for (const [what, [decorator, args, message]] of Object.entries(calls)) {
      it(`but with ${what}`, () => {
        expect(() => loosely(decorator)(...args))
          .to.throw(TypeError)
          .with.property('message', `${message} Put it on a method.`);
      });
    }

    it('but with a class that has a static method `name`', () => {
      class Named {
        static name(): string {
          return 'Named';
        }
      }
      expect(() => loosely(OnTimeout)(Named)).to.throw(TypeError, '@OnTimeout on an anonymous function: ');
    });

    it('which is a margin that is missing', () => {
      const applied = loosely(loosely(GracefulTimeout)());
      expect(() => applied({}, 'handler', { value() {} })).to.throw(
        TypeError,
        '@GracefulTimeout on Object.handler: expected `marginMs` to be a finite number > 0, got `undefined` (undefined).',
      );
    });
  });

  describe('is shown at the line of the user', () => {
    const thrownBy = (define: () => unknown): Error => {
      try {
        define();
      } catch (error) {
        return error as Error;
      }
      throw new Error('It is accepted.');
    };
    const innermostFrame = ({ stack = '' }: Error): string | undefined => stack.split('\n')[1];

    it('if the decorator has parentheses: in the stack, below the message', () => {
      const error = thrownBy(() => {
        class Bad {
          @GracefulTimeout(-5)
          handler(): void {}
        }
        return Bad;
      });
      expect(error.stack?.split('\n')[0]).to.equal(`TypeError: ${error.message}`);
      expect(innermostFrame(error)).to.include('mistakes.spec.js');
    });

    it('if the decorator has no parentheses: in the file of the class', () => {
      for (const decorator of [GracefulTimeout, OnTimeout, Finally]) {
        const error = thrownBy(() => {
          class Bad {
            @loosely(decorator)
            field = 5;
          }
          return Bad;
        });
        expect(innermostFrame(error)).to.include('mistakes.spec.js');
      }
    });

    it('and is told as well where an engine does not capture stacks', () => {
      const { captureStackTrace } = Error;
      Reflect.deleteProperty(Error, 'captureStackTrace');
      let errors: readonly Error[];
      try {
        errors = Object.values(decorators).map((decorator) =>
          thrownBy(() => {
            class Bad {
              @decorator
              field = 5;
            }
            return Bad;
          }),
        );
      } finally {
        Object.assign(Error, { captureStackTrace });
      }
      for (const error of errors)
        expect(error)
          .to.be.instanceOf(TypeError)
          .with.property('message')
          .that.matches(/^@\w+ on (Bad\.)?field: expected a/);
    });

    it('in the code frame that Node prints', () => {
      const program = fileURLToPath(new URL('../runtime/misused.js', import.meta.url));
      const { stderr, status } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
      expect(status).to.equal(1);
      const [position, code] = stderr.split('\n');
      expect(position).to.match(/^file:\/\/.*misused\.js:\d+$/);
      expect(code).to.include('GracefulTimeout(-5)');
    });
  });
});

describe('a mistake that only a call shows (R3)', () => {
  const time = useFakeTime();
  let logger: RecordingLogger;

  beforeEach(() => {
    logger = new RecordingLogger();
  });

  describe('is a hook that returns a value without `respond: true`', () => {
    const returning = (value: unknown) => {
      class Orders {
        @GracefulTimeout({ marginMs: 1000, logger })
        handler(_event: unknown, _context: unknown): Promise<never> {
          return forever();
        }

        @OnTimeout
        protected report(): unknown {
          return value;
        }

        @Finally
        protected close(): unknown {
          return value;
        }
      }
      return new Orders();
    };
    const warnings = () => logger.lines.filter(({ level }) => level === 'warn');

    for (const [title, value] of [
      ['at once', { statusCode: 504 }],
      ['later', Promise.resolve(null)],
    ] as const) {
      it(`${title}: one warning for the class`, async () => {
        const orders = returning(value);
        await timedOut(time.clock, orders.handler.bind(orders));
        await timedOut(time.clock, orders.handler.bind(orders));
        expect(warnings()).to.deep.equal([
          {
            level: 'warn',
            message: 'Orders.report returned a value, which nobody receives',
            detail:
              'Declare it `@OnTimeout({ respond: true })` to make that the response, or return nothing.',
          },
        ]);
      });
    }

    it('but not a hook that returns nothing, or that responds', async () => {
      const orders = returning(undefined);
      await timedOut(time.clock, orders.handler.bind(orders));
      class Responding {
        @GracefulTimeout({ marginMs: 1000, logger })
        handler(_event: unknown, _context: unknown): Promise<string> {
          return forever();
        }

        @OnTimeout({ respond: true })
        protected respond(): string {
          return 'response';
        }
      }
      const response = new Responding().handler({}, new FakeContext(3000));
      await time.clock.tickAsync(2000);
      expect(await response).to.equal('response');
      expect(warnings()).to.deep.equal([]);
    });
  });

  describe('is a handler whose class has only hooks that it cannot run', () => {
    const mend = 'Make the handler and its hooks all instance methods, or all static.';

    it('because the handler is static and the hooks are not', async () => {
      class Orders {
        @GracefulTimeout({ marginMs: 1000, logger })
        static async handler(_event: unknown, _context: unknown): Promise<string> {
          return 'done';
        }

        @Finally
        protected close(): void {}
      }
      const { handler } = Orders;
      for (const call of [Orders.handler.bind(Orders), Orders.handler.bind(Orders), handler]) {
        expect(await call({}, new FakeContext(3000))).to.equal('done');
      }
      const message = 'runs no hooks: it is static, but the hooks of its class are not';
      expect(logger.lines).to.deep.equal([
        { level: 'warn', message: `Orders.handler ${message}`, detail: mend },
      ]);
    });

    it('because the handler is static and the hooks are not, also if it is called without its class', async () => {
      class Orders {
        @GracefulTimeout({ marginMs: 1000, logger })
        static async handler(_event: unknown, _context: unknown): Promise<string> {
          return 'done';
        }

        @Finally
        protected close(): void {}
      }
      const { handler } = Orders;
      await handler({}, new FakeContext(3000));
      const message = 'handler runs no hooks: it is static, but the hooks of its class are not';
      expect(logger.lines).to.deep.equal([{ level: 'warn', message, detail: mend }]);
    });

    it('because those of a subclass are instance methods and the inherited handler is static', async () => {
      class Base {
        @GracefulTimeout({ marginMs: 1000, logger })
        static async handler(_event: unknown, _context: unknown): Promise<string> {
          return 'done';
        }
      }
      class Orders extends Base {
        @Finally
        protected close(): void {}
      }
      expect(await Base.handler.call(Orders, {}, new FakeContext(3000))).to.equal('done');
      const message = 'Orders.handler runs no hooks: it is static, but the hooks of its class are not';
      expect(logger.lines).to.deep.equal([{ level: 'warn', message, detail: mend }]);
    });

    it('because the hooks are static and the handler is not', async () => {
      class Orders {
        @GracefulTimeout({ marginMs: 1000, logger })
        async handler(_event: unknown, _context: unknown): Promise<string> {
          return 'done';
        }

        @OnTimeout
        protected static report(): void {}
      }
      await new Orders().handler({}, new FakeContext(3000));
      const message = 'Orders.handler runs no hooks: it is not static, but the hooks of its class are static';
      expect(logger.lines).to.deep.equal([{ level: 'warn', message, detail: mend }]);
    });

    it('because those of a subclass are static and the inherited handler is not', async () => {
      class Base {
        @GracefulTimeout({ marginMs: 1000, logger })
        async handler(_event: unknown, _context: unknown): Promise<string> {
          return 'done';
        }
      }
      class Orders extends Base {
        @OnTimeout
        protected static report(): void {}
      }
      await new Orders().handler({}, new FakeContext(3000));
      const message = 'Orders.handler runs no hooks: it is not static, but the hooks of its class are static';
      expect(logger.lines).to.deep.equal([{ level: 'warn', message, detail: mend }]);
    });

    it('but not a handler whose class has both static hooks and instance hooks', async () => {
      class Orders {
        @GracefulTimeout({ marginMs: 1000, logger })
        async handler(_event: unknown, _context: unknown): Promise<string> {
          return 'done';
        }

        @Finally
        protected close(): void {}

        @Finally
        protected static closeAll(): void {}
      }
      await new Orders().handler({}, new FakeContext(3000));
      expect(logger.lines).to.deep.equal([]);
    });
  });

  it('is not a handler without hooks that another object calls: the error names only the method', async () => {
    class Orders {
      @GracefulTimeout({ marginMs: 1000, logger })
      handler(_event: unknown, _context: unknown): Promise<never> {
        return forever();
      }
    }
    class Processor {
      constructor(readonly handler: Orders['handler']) {}
    }
    const processor = new Processor(Orders.prototype.handler);
    const error = await timedOut(time.clock, (event, context) => processor.handler(event, context));
    expect(error.handler).to.equal('handler');
    class Special extends Orders {}
    const special = await timedOut(time.clock, (event, context) => new Special().handler(event, context));
    expect(special.handler).to.equal('Special.handler');
  });
});
