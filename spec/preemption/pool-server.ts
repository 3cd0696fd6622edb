/**
 * Serves answers on a port of 127.0.0.1, in the protocol that its argument names, until its standard input ends. Prints the
 * port.
 */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { ITEMS } from './pool.js';

type OnData = (data: Buffer) => void;

/** Answers whenever the request has come. A command of this size never arrives in parts. */
const onRequest =
  (request: string, answer: () => void): OnData =>
  (data) => {
    if (data.includes(request)) answer();
  };

/** @see https://redis.io/docs/latest/develop/reference/protocol-spec/ */
function redis(socket: Socket): OnData {
  const list = `*${ITEMS}\r\n${'$4\r\nitem\r\n'.repeat(ITEMS)}`;
  return onRequest('lrange', () => socket.write(list));
}

/** @see https://www.postgresql.org/docs/current/protocol-message-formats.html */
function postgres(socket: Socket): OnData {
  const message = (type: string, ...parts: (string | Buffer)[]): Buffer => {
    const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
    return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
  };
  const int16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
  const int32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer).swap32();
  const TEXT = 25;

  const ready = message('Z', 'I');
  const column = [int32(0), int16(0), int32(TEXT), int16(-1), int32(-1), int16(0)];
  const description = message('T', int16(1), 'name\0', ...column);
  const row = message('D', int16(1), int32(4), 'item');
  const rows = Buffer.alloc(row.length * ITEMS, row);
  const result = Buffer.concat([description, rows, message('C', `SELECT ${ITEMS}\0`), ready]);

  const onQuery = onRequest('SELECT', () => socket.write(result));
  return (data) => {
    // The startup message is the only message without a type.
    if (data[0] === 0) socket.write(Buffer.concat([message('R', int32(0)), ready]));
    else onQuery(data);
  };
}

const protocols: Record<string, (socket: Socket) => OnData> = {
  plain: (socket) => (data) => socket.write(data),
  redis,
  postgres,
};

const open = protocols[process.argv[2] ?? ''];
const server = createServer((socket) => {
  socket.on('data', open?.(socket) as OnData).on('error', () => {});
}).listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
process.stdin.on('end', () => process.exit()).resume();
