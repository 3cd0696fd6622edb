import { expect } from 'chai';
import { Finally, GracefulTimeout } from '../../lib/index.js';
import { FakeContext } from '../support/context.js';
import { loosely, memberName } from '../support/dialect.js';
import { expectRejection } from '../support/expect-rejection.js';
import { forever, useFakeTime } from '../support/fake-time.js';
import { RecordingLogger } from '../support/recording-logger.js';

describe('@Finally', () => {
  const time = useFakeTime();

  it('works without and with parentheses (R1), on success, failure and timeout', async () => {
    const seen: string[] = [];
    class Orders {
      @GracefulTimeout({ marginMs: 1000, logger: new RecordingLogger() })
      async handler(event: () => Promise<string>, _context: unknown): Promise<string> {
        return event();
      }

      @Finally
      protected bare({ status }: PromiseSettledResult<string>): void {
        seen.push(`bare ${status}`);
      }

      @Finally()
      protected called({ status }: PromiseSettledResult<string>): void {
        seen.push(`called ${status}`);
      }
    }
    const orders = new Orders();
    await orders.handler(async () => 'done', new FakeContext(3000));
    await expectRejection(orders.handler(() => Promise.reject(new Error('failed')), new FakeContext(3000)));
    const timedOut = expectRejection(orders.handler(forever, new FakeContext(3000)));
    await time.clock.tickAsync(2000);
    await timedOut;
    expect(seen).to.deep.equal([
      'bare fulfilled',
      'called fulfilled',
      'bare rejected',
      'called rejected',
      'bare rejected',
      'called rejected',
    ]);
  });

  describe('misuse at class definition (R3)', () => {
    const on = `@Finally on ${memberName('Bad', 'close')}:`;

    it('refuses an argument', () => {
      const define = () => {
        class Bad {
          @loosely(loosely(Finally)({ respond: true }))
          close(): void {}
        }
        return Bad;
      };
      expect(define)
        .to.throw(TypeError)
        .with.property(
          'message',
          `${on} expected no argument, got \`{"respond":true}\` (object). Write \`@Finally\`.`,
        );
    });

    it('refuses a field', () => {
      const define = () => {
        class Bad {
          @loosely(Finally)
          close = () => {};
        }
        return Bad;
      };
      expect(define)
        .to.throw(TypeError)
        .with.property('message', `${on} expected a method, got a field. Put it on a method.`);
    });

    it('refuses an accessor', () => {
      const define = () => {
        class Bad {
          @loosely(Finally)
          get close(): () => void {
            return () => {};
          }
        }
        return Bad;
      };
      expect(define)
        .to.throw(TypeError)
        .with.property('message', `${on} expected a method, got an accessor. Put it on a method.`);
    });
  });
});
