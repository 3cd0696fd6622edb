import type { Context } from 'aws-lambda';
import {
  currentDeadline,
  Finally,
  GracefulTimeout,
  type LambdaTimeoutError,
  OnTimeout,
} from 'lambda-graceful-timeout';

/** What an event asks for: a request to a server, and what the handler does with it. */
export interface Work {
  readonly url: string;
  readonly work: 'await' | 'cancel' | 'end in grace' | 'block';
  /** Whether the hooks hang. Then they last until the reserve begins. */
  readonly hooksHang?: true;
}

const { MARGIN_MS, RESERVE_MS } = process.env;
const [marginMs, reserveMs] = [Number(MARGIN_MS), Number(RESERVE_MS)];

type Order = (event: Work) => Promise<string>;

/**
 * Makes the handlers of a module.
 *
 * @param annotate - tells the telemetry of a timeout, in a hook
 * @param trace - puts a span around the work
 */
export function handlersThat(annotate: (error: LambdaTimeoutError) => void, trace: (order: Order) => Order) {
  const order = trace(send);

  class Orders {
    @GracefulTimeout({ marginMs, reserveMs })
    public async handler(event: Work, _context: Context): Promise<string> {
      return order(event);
    }

    @OnTimeout
    protected async report(error: LambdaTimeoutError, { hooksHang }: Work): Promise<void> {
      annotate(error);
      if (hooksHang) await new Promise(() => {});
    }

    @Finally
    protected async close({ status }: PromiseSettledResult<string>, { hooksHang }: Work): Promise<void> {
      console.log(`closed: ${status}`);
      if (hooksHang) await new Promise(() => {});
    }
  }

  class AnsweredOrders extends Orders {
    @OnTimeout({ respond: true })
    protected apologise(): string {
      return 'later';
    }
  }

  class InterruptedOrders extends Orders {
    @GracefulTimeout({ marginMs, reserveMs, preempt: true })
    public override async handler(event: Work, _context: Context): Promise<string> {
      return order(event);
    }
  }

  const [orders, answered, interrupted] = [new Orders(), new AnsweredOrders(), new InterruptedOrders()];
  return {
    handler: orders.handler.bind(orders),
    responder: answered.handler.bind(answered),
    interrupted: interrupted.handler.bind(interrupted),
  };
}

async function send({ url, work }: Work): Promise<string> {
  if (work === 'await') return ask(url);
  if (work === 'cancel') return ask(url, currentDeadline().signal);
  if (work === 'block') {
    await ask(url);
    for (;;);
  }
  try {
    return await ask(url, currentDeadline().signal);
  } catch {
    return 'given up';
  }
}

async function ask(url: string, signal?: AbortSignal): Promise<string> {
  const response = await fetch(url, { method: 'POST', ...(signal && { signal }) });
  return response.text();
}
