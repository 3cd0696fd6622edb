/** `connection to db.internal:5432`. */
export const nameOfConnection = (host: string | undefined, port: number | undefined): string =>
  `connection to ${port === undefined ? (host ?? 'a local socket') : `${host}:${port}`}`;

/** `db.internal:5432`; undefined if it is not known or is a file. */
export const nameOfServer = (host: string | undefined, port: number | undefined): string | undefined =>
  port === undefined ? undefined : `${host}:${port}`;

/** The servers of drivers that tell what they do over their connections. */
const toldServers = new Set<string | undefined>();

/** Notes that a driver tells what it does with a server, so that its connections need not be listed. */
export function noteToldServer(server: string | undefined): void {
  if (server !== undefined) toldServers.add(server);
}

export const isTold = (server: string | undefined): boolean => toldServers.has(server);

/** The server of each connection that is being made, by the message that tells of it. */
const connecting = new WeakMap<object, string>();

/** How many connections to each server are being made. */
const counts = new Map<string, number>();

export function beginConnecting(message: object, url: string): void {
  connecting.set(message, url);
  counts.set(url, (counts.get(url) ?? 0) + 1);
}

export function endConnecting(message: object): void {
  const url = connecting.get(message);
  if (url === undefined) return;
  connecting.delete(message);
  const count = (counts.get(url) as number) - 1;
  if (count > 0) counts.set(url, count);
  else counts.delete(url);
}

export const isConnecting = (url: string): boolean => counts.has(url);
