import { readFile } from 'node:fs';
import { connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const THIS_FILE = fileURLToPath(import.meta.url);

type Sign = (seen: () => void) => void;

const signs: Record<string, Sign> = {
  timer: (seen) => setTimeout(seen, 2),

  interval(seen) {
    let turns = 0;
    const interval = setInterval(() => {
      if (++turns < 3) return;
      clearInterval(interval);
      seen();
    }, 1);
  },

  tick: (seen) => process.nextTick(() => process.nextTick(seen)),

  immediate(seen) {
    let turns = 0;
    const next = (): void => {
      if (++turns < 10) setImmediate(next);
      else seen();
    };
    setImmediate(() => {});
    setImmediate(next);
    setImmediate(() => {});
  },

  microtask: (seen) => queueMicrotask(() => queueMicrotask(seen)),

  async promise(seen) {
    for (let turns = 0; turns < 10; turns++) await null;
    seen();
  },

  fs: (seen) => readFile(THIS_FILE, seen),

  socket(seen) {
    const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1', () => {
      const client = connect((server.address() as { port: number }).port, '127.0.0.1');
      client.on('data', () => client.end());
      client.on('close', () => server.close(seen));
      client.write('echo');
    });
  },
};

export const SIGNS = Object.keys(signs).sort();

/**
 * Waits until each part of the event loop has shown that it works.
 *
 * @param look - is called for each sign, in the callback of that sign
 */
export async function signsOfLife(look: () => void = () => {}): Promise<string[]> {
  const waiting = Object.entries(signs).map(
    ([name, sign]) =>
      new Promise<string>((resolve) =>
        sign(() => {
          look();
          resolve(name);
        }),
      ),
  );
  return (await Promise.all(waiting)).sort();
}
