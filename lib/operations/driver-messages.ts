/** What is read of a driver's message. The rest, such as the arguments of a command, is never looked at. */
export interface DriverMessage {
  readonly command?: unknown;
  readonly commandName?: unknown;
  readonly operation?: unknown;
  readonly batchMode?: unknown;
  readonly query?: unknown;
  readonly serverAddress?: unknown;
  readonly serverPort?: unknown;
  readonly server?: unknown;
  readonly port?: unknown;
  readonly client?: { readonly host?: unknown; readonly port?: unknown };
}

/** Where a driver sends its commands to. */
export interface Server {
  readonly host: string | undefined;
  readonly port: number | undefined;
  /** Whether it is on this machine, behind a file whose path is not told. */
  readonly isLocal: boolean;
}

/** Reads the name of a command from a message. */
export type ReadName = (message: DriverMessage) => unknown;

/** The name of a command of Redis, which some drivers write in small letters. */
export const readCommand = ({ command }: DriverMessage): string => String(command).toUpperCase();

/** The name of an operation of MongoDB. */
export const readOperation: ReadName = ({ operation, commandName }) => operation ?? commandName;

export const readBatchMode: ReadName = ({ batchMode }) => batchMode;

/** White space, comments and brackets, which can come before the first word of an SQL statement. */
const BEFORE_STATEMENT = /(?:[\s(]|(?:--|#).*?\n|\/\*.*?\*\/)*/s;

/** As much of a statement as is looked at. */
const STATEMENT_HEAD = 1000;

/** The first word of an SQL statement. */
export const readStatement: ReadName = ({ query, command }) => {
  const { text = query ?? command } = (query ?? {}) as { text?: unknown };
  if (typeof text !== 'string') return undefined;
  const statement = text.slice(0, STATEMENT_HEAD).replace(BEFORE_STATEMENT, '');
  return statement.replace(/\W.*/s, '').toUpperCase();
};

/** For a stored procedure, whose name is the user's own. */
export const readExecute: ReadName = () => 'EXECUTE';

/** Also with a dot, as the commands of modules of Redis. What is longer is no name of a command. */
const WORD = /^[a-z][a-z.]{0,24}$/i;

/** A word that a driver gives as the name of a command. */
export const wordOf = (name: unknown): string | undefined =>
  typeof name === 'string' && WORD.test(name) ? name : undefined;

/** A name or an address of a host, and nothing that a URL has around it. */
const HOST = /^[\w.:-]+$/;

/** The server of a message. Drivers name it in different fields. */
export function serverOf({ serverAddress, serverPort, server, port, client }: DriverMessage): Server {
  const address = serverAddress ?? server ?? client?.host;
  const number = serverPort ?? port ?? client?.port;
  const isHost = typeof address === 'string' && HOST.test(address);
  return {
    host: isHost ? address : undefined,
    port: isHost && typeof number === 'number' ? number : undefined,
    isLocal: typeof address === 'string' && address.startsWith('/'),
  };
}

/** `redis://cache.internal:6379`; `redis` where the driver does not tell its server. */
export function urlOf(scheme: string, { host, port, isLocal }: Server): string {
  if (host === undefined) return isLocal ? `${scheme} on a local socket` : scheme;
  const name = host.includes(':') ? `[${host}]` : host;
  return `${scheme}://${name}${port === undefined ? '' : `:${port}`}`;
}
