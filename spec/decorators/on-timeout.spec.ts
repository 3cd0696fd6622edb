import { expect } from 'chai';
import { GracefulTimeout, OnTimeout } from '../../lib/index.js';
import { FakeContext } from '../support/context.js';
import { loosely, memberName } from '../support/dialect.js';
import { forever, useFakeTime } from '../support/fake-time.js';
import { RecordingLogger } from '../support/recording-logger.js';

describe('@OnTimeout', () => {
  const time = useFakeTime();

  it('works without parentheses, with parentheses, and with options (R1)', async () => {
    const seen: string[] = [];
    class Orders {
      @GracefulTimeout({ marginMs: 1000, logger: new RecordingLogger() })
      handler(_event: unknown, _context: unknown): Promise<string> {
        return forever();
      }

      @OnTimeout
      protected bare(): void {
        seen.push('bare');
      }

      @OnTimeout()
      protected called(): void {
        seen.push('called');
      }

      @OnTimeout({ respond: true })
      protected responding(): string {
        seen.push('responding');
        return 'response';
      }

      @OnTimeout({ respond: false })
      protected notResponding(): string {
        seen.push('not responding');
        return 'ignored';
      }

      @OnTimeout({})
      protected withoutOptions(): string {
        seen.push('without options');
        return 'ignored';
      }
    }
    const response = new Orders().handler({}, new FakeContext(3000));
    await time.clock.tickAsync(2000);
    expect(await response).to.equal('response');
    expect(seen).to.deep.equal(['bare', 'called', 'responding', 'not responding', 'without options']);
  });

  it('does not change the method itself', () => {
    class Orders {
      @OnTimeout
      report(): string {
        return 'called directly';
      }
    }
    expect(new Orders().report()).to.equal('called directly');
    expect(Object.getOwnPropertyDescriptor(Orders.prototype, 'report')?.value).to.have.property(
      'name',
      'report',
    );
  });

  describe('misuse at class definition (R3)', () => {
    const decorated = (options: unknown) => () => {
      class Bad {
        @loosely(loosely(OnTimeout)(options))
        report(): void {}
      }
      return Bad;
    };
    const on = `@OnTimeout on ${memberName('Bad', 'report')}:`;

    it('refuses options that are not an object', () => {
      expect(decorated(5))
        .to.throw(TypeError)
        .with.property(
          'message',
          `${on} expected an object with options, got \`5\` (number). Write \`@OnTimeout\` or \`@OnTimeout({ respond: true })\`.`,
        );
      expect(decorated(null))
        .to.throw(TypeError)
        .with.property(
          'message',
          `${on} expected an object with options, got \`null\` (null). Write \`@OnTimeout\` or \`@OnTimeout({ respond: true })\`.`,
        );
    });

    it('refuses an unknown option', () => {
      expect(decorated({ response: true }))
        .to.throw(TypeError)
        .with.property(
          'message',
          `${on} expected no options but \`respond\`, got \`response\`. Remove it or correct its name.`,
        );
    });

    it('refuses a `respond` that is not a boolean', () => {
      expect(decorated({ respond: 'yes' }))
        .to.throw(TypeError)
        .with.property(
          'message',
          `${on} expected \`respond\` to be a boolean, got \`"yes"\` (string). Write \`@OnTimeout\` or \`@OnTimeout({ respond: true })\`.`,
        );
    });

    it('refuses a second `respond: true` in one class', () => {
      const define = () => {
        class Bad {
          @OnTimeout({ respond: true })
          protected first(): void {}

          @OnTimeout({ respond: true })
          protected report(): void {}
        }
        return Bad;
      };
      expect(define)
        .to.throw(TypeError)
        .with.property(
          'message',
          `${on} expected at most one \`respond: true\` in a class, got another on \`first\`. Let a single hook make the response.`,
        );
    });

    it('accepts one `respond: true` for static methods, one for instance methods, and one more in a subclass', () => {
      const define = () => {
        class Base {
          @OnTimeout({ respond: true })
          protected static respondStatic(): void {}

          @OnTimeout({ respond: true })
          protected respond(): void {}
        }
        class Bad extends Base {
          @OnTimeout({ respond: true })
          protected respondToo(): void {}
        }
        return Bad;
      };
      expect(define).not.to.throw();
    });

    it('refuses a method that it already decorates', () => {
      const define = () => {
        class Bad {
          @OnTimeout
          @OnTimeout({ respond: true })
          protected report(): void {}
        }
        return Bad;
      };
      expect(define)
        .to.throw(TypeError)
        .with.property(
          'message',
          `${on} expected to be the only decorator of its kind on a method, got a second one. Remove one of them.`,
        );
    });

    it('refuses a field', () => {
      const define = () => {
        class Bad {
          @loosely(OnTimeout)
          report = () => {};
        }
        return Bad;
      };
      expect(define)
        .to.throw(TypeError)
        .with.property('message', `${on} expected a method, got a field. Put it on a method.`);
    });

    it('refuses a class, without and with parentheses', () => {
      const message = '@OnTimeout on Bad: expected a method, got a class. Put it on a method.';
      const bare = () => {
        @loosely(OnTimeout)
        class Bad {}
        return Bad;
      };
      const called = () => {
        @loosely(OnTimeout())
        class Bad {}
        return Bad;
      };
      expect(bare).to.throw(TypeError).with.property('message', message);
      expect(called).to.throw(TypeError).with.property('message', message);
    });
  });
});
