import { expect } from 'chai';
import { calls, expectNamed, isTold, tellsOfAllSockets, useServers } from './hanging.js';
import type { Said } from './program.js';

describe('What hangs at a real server (R30)', function () {
  this.timeout(60_000);
  const { ports, run } = useServers();

  for (const [name, hanging] of Object.entries(calls)) {
    if (!isTold(name)) continue;
    const [client, call] = name.split(' ') as [string, string];
    const { server, isFrozen, isQueuedWhenCold } = hanging;

    if (!isFrozen) {
      it(`is named in the first invocation: ${name}`, async () => {
        const [said] = await run({ client, call });
        expectNamed(said as Said, hanging, ports, !isQueuedWhenCold);
      });
    }

    // The others keep something from each other, or Node does not tell whose they are.
    if (client === 'pg' || /exhausted|locked|own/i.test(call)) continue;

    it(`is named in sixty that overlap, and only in those that wait for it: ${name}`, async () => {
      const all = await run({ client, call, earlier: 1, atOnce: 60 }, isFrozen && server);
      expect(all).to.have.lengthOf(60);
      for (const [index, said] of all.entries()) {
        if (index % 2 === 0) expectNamed(said, hanging, ports);
        else expect(said.pending).to.deep.equal([]);
      }
    });
  }

  it('is blamed on no connection of another invocation while sixty queries of pg overlap', async () => {
    const all = await run({ client: 'pg', call: 'query', earlier: 1, atOnce: 60 });
    for (const { pending } of all) expect(pending).to.deep.equal([]);
  });

  for (const client of ['pg', 'mysql2', 'ioredis', 'node-redis']) {
    it(`is never blamed on an idle connection: ${client}`, async () => {
      const [said] = await run({ client, call: 'nothing', earlier: 2 });
      expect(said?.pending).to.deep.equal([]);
      expect(said?.message).not.to.include('waiting');
    });
  }

  for (const [client, server] of Object.entries({
    pg: 'postgresql',
    mysql2: 'mariadb',
    'node-redis': 'redis',
  } as const)) {
    if (client === 'pg' && !tellsOfAllSockets) continue;
    it(`is named as the connection or the command while a server accepts connections and says nothing: ${client}`, async () => {
      const [said] = await run({ client, call: client === 'node-redis' ? 'get' : 'query' }, server);
      expect(said?.message).to.match(
        new RegExp(`waiting for (connection to |GET redis://)127.0.0.1:${ports[server]} `),
      );
    });
  }
});
