import {
  type ReadName,
  readBatchMode,
  readCommand,
  readExecute,
  readOperation,
  readStatement,
} from './driver-messages.js';

/** What a tracing channel tells of. */
export interface DriverChannel {
  readonly scheme: string;
  /**
   * What it is, if it is not one command:
   *
   * - `batch`: commands that are sent together; those that are told meanwhile are parts of it
   * - `connect`: a connection, until the server has accepted it
   * - `pool`: a connection from a pool, until one is free
   */
  readonly kind?: 'batch' | 'connect' | 'pool';
  readonly readName?: ReadName;
  /** The class whose methods send many commands at once, where no channel tells of that. */
  readonly pipeline?: string;
  /** The commands that the driver itself sends while it connects, which are a part of that. */
  readonly handshake?: ReadonlySet<string>;
}

/** The channels by their names. Those of pg and mongodb are proposed, and not there yet. */
export const DRIVER_CHANNELS: Readonly<Record<string, DriverChannel>> = {
  'ioredis:command': {
    scheme: 'redis',
    readName: readCommand,
    pipeline: 'Pipeline',
    handshake: new Set(['AUTH', 'CLIENT', 'HELLO', 'INFO', 'READONLY', 'SELECT']),
  },
  'ioredis:batch': { scheme: 'redis', kind: 'batch', readName: readBatchMode },
  'ioredis:connect': { scheme: 'redis', kind: 'connect' },
  'node-redis:command': { scheme: 'redis', readName: readCommand },
  'node-redis:batch': { scheme: 'redis', kind: 'batch', readName: readBatchMode },
  'node-redis:connect': { scheme: 'redis', kind: 'connect' },
  'mysql2:query': { scheme: 'mysql', readName: readStatement },
  'mysql2:execute': { scheme: 'mysql', readName: readStatement },
  'mysql2:connect': { scheme: 'mysql', kind: 'connect' },
  'mysql2:pool:connect': { scheme: 'mysql', kind: 'pool' },
  'mongoose:query': { scheme: 'mongodb', readName: readOperation },
  'mongoose:aggregate': { scheme: 'mongodb', readName: readOperation },
  'mongoose:model:save': { scheme: 'mongodb', readName: readOperation },
  'mongoose:model:insertMany': { scheme: 'mongodb', readName: readOperation },
  'mongoose:model:bulkWrite': { scheme: 'mongodb', readName: readOperation },
  'mongoose:cursor:next': { scheme: 'mongodb', readName: readOperation },
  'mssql:query': { scheme: 'mssql', readName: readStatement },
  'mssql:batch': { scheme: 'mssql', readName: readStatement },
  'mssql:execute': { scheme: 'mssql', readName: readExecute },
  'mssql:connect': { scheme: 'mssql', kind: 'connect' },
  'mssql:pool:acquire': { scheme: 'mssql', kind: 'pool' },
  'pg:query': { scheme: 'postgresql', readName: readStatement },
  'pg:connection': { scheme: 'postgresql', kind: 'connect' },
  'pg:pool:connect': { scheme: 'postgresql', kind: 'pool' },
  'mongodb:command': { scheme: 'mongodb', readName: readOperation },
};
