import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server of a suite that accepts every request and answers none. */
export function useSilentServer(): { readonly url: string } {
  const server = createServer(() => {});
  const address = { url: '' };
  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    address.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return address;
}
