import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

interface RunningServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a server on a free port of this machine. */
export async function serve(answer: RequestListener): Promise<RunningServer> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A server of a suite that accepts every request and answers none. */
export function useSilentServer(): { readonly url: string } {
  const address = { url: '' };
  let server: RunningServer;
  before(async () => {
    server = await serve(() => {});
    address.url = server.url;
  });
  after(() => server.close());
  return address;
}
