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
  /** Reads the name of a command or a batch. A `connect` or a `pool` has none. */
  readonly readName: ReadName;
  /** The class whose methods send many commands at once, where no channel tells of that. */
  readonly pipeline?: string;
  /** The commands that the driver itself sends while it connects, which are a part of that. */
  readonly handshake?: ReadonlySet<string>;
}

const REDIS = { scheme: 'redis', readName: readCommand };
const MYSQL = { scheme: 'mysql', readName: readStatement };
const MONGODB = { scheme: 'mongodb', readName: readOperation };
const MSSQL = { scheme: 'mssql', readName: readStatement };
const POSTGRESQL = { scheme: 'postgresql', readName: readStatement };

/** The channels by their names. Those of pg and mongodb are proposed, and not there yet. */
export const DRIVER_CHANNELS: Readonly<Record<string, DriverChannel>> = {
  'ioredis:command': {
    ...REDIS,
    pipeline: 'Pipeline',
    handshake: new Set(['AUTH', 'CLIENT', 'HELLO', 'INFO', 'READONLY', 'SELECT']),
  },
  'ioredis:batch': { ...REDIS, kind: 'batch', readName: readBatchMode },
  'ioredis:connect': { ...REDIS, kind: 'connect' },
  'node-redis:command': REDIS,
  'node-redis:batch': { ...REDIS, kind: 'batch', readName: readBatchMode },
  'node-redis:connect': { ...REDIS, kind: 'connect' },
  'mysql2:query': MYSQL,
  'mysql2:execute': MYSQL,
  'mysql2:connect': { ...MYSQL, kind: 'connect' },
  'mysql2:pool:connect': { ...MYSQL, kind: 'pool' },
  'mongoose:query': MONGODB,
  'mongoose:aggregate': MONGODB,
  'mongoose:model:save': MONGODB,
  'mongoose:model:insertMany': MONGODB,
  'mongoose:model:bulkWrite': MONGODB,
  'mongoose:cursor:next': MONGODB,
  'mssql:query': MSSQL,
  'mssql:batch': MSSQL,
  'mssql:execute': { ...MSSQL, readName: readExecute },
  'mssql:connect': { ...MSSQL, kind: 'connect' },
  'mssql:pool:acquire': { ...MSSQL, kind: 'pool' },
  'pg:query': POSTGRESQL,
  'pg:connection': { ...POSTGRESQL, kind: 'connect' },
  'pg:pool:connect': { ...POSTGRESQL, kind: 'pool' },
  'mongodb:command': MONGODB,
};
