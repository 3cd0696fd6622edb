import './lambda-environment.js';
import { parser } from '@aws-lambda-powertools/parser';
import type { Context } from 'aws-lambda';
import { expect } from 'chai';
import { z } from 'zod';
import { Finally, GracefulTimeout, LambdaTimeoutError, OnTimeout } from '../../lib/index.js';
import { expectRejection } from '../support/expect-rejection.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { inTime, marginMs, soonOver } from './lambda-context.js';
import { Work } from './work.js';

const schema = z.object({ kind: z.enum(['succeed', 'fail', 'hang']), placedAt: z.coerce.date() });
type Order = z.infer<typeof schema>;

const PLACED_AT = '2026-03-01T09:30:00.000Z';
const work = new Work();
const logger = new RecordingLogger();

abstract class Orders {
  /** What the hooks received. */
  readonly seen: (string | Date)[] = [];

  @OnTimeout
  protected report(_error: LambdaTimeoutError, { placedAt }: Order): void {
    this.seen.push(placedAt);
  }

  @Finally
  protected close({ status }: PromiseSettledResult<string>, { placedAt }: Order): void {
    this.seen.push(status, placedAt);
  }
}

class Above extends Orders {
  @parser({ schema })
  @GracefulTimeout({ marginMs, logger })
  async handler({ kind }: Order, _context: Context): Promise<string> {
    return work.do(kind);
  }
}

class Below extends Orders {
  @GracefulTimeout({ marginMs, logger })
  @parser({ schema })
  async handler({ kind }: Order, _context: Context): Promise<string> {
    return work.do(kind);
  }
}

/** An event as it arrives. The parser makes an order from it. */
const event = (kind: string): Order => ({ kind, placedAt: PLACED_AT }) as unknown as Order;

describe('@parser', () => {
  afterEach(() => work.end());

  for (const [where, Class, placedAt] of [
    ['above @GracefulTimeout gives hooks the parsed event', Above, new Date(PLACED_AT)],
    ['below @GracefulTimeout gives hooks the raw event, which does not match its type', Below, PLACED_AT],
  ] as const) {
    describe(where, () => {
      it('at a timeout', async () => {
        const orders = new Class();
        const error = await expectRejection(orders.handler(event('hang'), soonOver()));
        expect(error).to.be.instanceOf(LambdaTimeoutError);
        expect(orders.seen).to.deep.equal([placedAt, 'rejected', placedAt]);
      });

      it('after a handler that fails', async () => {
        const orders = new Class();
        const error = await expectRejection(orders.handler(event('fail'), inTime()));
        expect(error).to.be.instanceOf(RangeError);
        expect(orders.seen).to.deep.equal(['rejected', placedAt]);
      });

      it('after a handler that succeeds', async () => {
        const orders = new Class();
        expect(await orders.handler(event('succeed'), inTime())).to.equal('done');
        expect(orders.seen).to.deep.equal(['fulfilled', placedAt]);
      });
    });
  }

  describe('an event that does not parse', () => {
    it('is rejected above @GracefulTimeout before the invocation begins, so no hook runs', async () => {
      const orders = new Above();
      const refusal = await expectRejection((async () => orders.handler(event('dance'), inTime()))());
      expect(refusal).to.have.property('name', 'ParseError');
      expect(orders.seen).to.deep.equal([]);
    });

    it('makes the handler fail below @GracefulTimeout, and then @Finally hooks run', async () => {
      const orders = new Below();
      expect(await expectRejection(orders.handler(event('dance'), inTime()))).to.have.property(
        'name',
        'ParseError',
      );
      expect(orders.seen).to.deep.equal(['rejected', PLACED_AT]);
    });
  });
});
