import { calls, expectNamed, isTold, useServers } from './hanging.js';
import type { Said } from './program.js';

describe('What hangs at a real server, over a connection of an earlier invocation (R30)', function () {
  this.timeout(60_000);
  const { ports, run } = useServers();

  for (const [name, hanging] of Object.entries(calls)) {
    if (!isTold(name)) continue;
    const [client, call] = name.split(' ') as [string, string];
    const { server, isFrozen } = hanging;

    it(`is named: ${name}, on the main thread`, async () => {
      const [said] = await run({ client, call, earlier: 2 }, isFrozen && server);
      expectNamed(said as Said, hanging, ports);
    });

    // A worker thread does not get the standard input, by which it is told that the server is frozen.
    if (isFrozen) continue;
    it(`is named: ${name}, on a worker thread`, async () => {
      const [said] = await run({ client, call, earlier: 2, inWorker: true });
      expectNamed(said as Said, hanging, ports);
    });
  }
});
