import { Redis } from 'ioredis';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { createClient } from 'redis';
import type { Ports } from './servers.js';

/** A client as a function has it at module level, and what can be done with it. */
export interface Client {
  /** A call that is answered at once. */
  answered(): Promise<unknown>;
  /** Calls that hang, by their names. */
  readonly hanging: Readonly<Record<string, () => Promise<unknown>>>;
}

const HOST = '127.0.0.1';
const ignore = (): void => {};

/** More than any program of the specs waits. */
const SECONDS = 30;

export const clients: Readonly<Record<string, (ports: Ports) => Client>> = {
  pg({ postgresql: port }) {
    const pool = new pg.Pool({ host: HOST, port, user: 'app', database: 'postgres', max: 70 });
    pool.on('error', ignore);
    const small = new pg.Pool({ host: HOST, port, user: 'app', database: 'postgres', max: 1 });
    small.on('error', ignore);
    return {
      answered: () => pool.query('SELECT 1'),
      hanging: {
        query: async function slowQuery() {
          await pool.query('SELECT pg_sleep($1)', [SECONDS]);
        },
        lockedRow: async function lockedRow() {
          const [holder, waiter] = [await pool.connect(), await pool.connect()];
          await holder.query('BEGIN');
          await holder.query('UPDATE orders SET id = id');
          await waiter.query('UPDATE orders SET id = id');
        },
        exhaustedPool: async function exhaustedPool() {
          await small.connect();
          await small.query('SELECT 1');
        },
      },
    };
  },

  mysql2({ mariadb: port }) {
    const pool = mysql.createPool({ host: HOST, port, user: 'root', database: 'shop', connectionLimit: 70 });
    const small = mysql.createPool({ host: HOST, port, user: 'root', database: 'shop', connectionLimit: 1 });
    return {
      answered: () => pool.query('SELECT 1'),
      hanging: {
        query: async function slowQuery() {
          await pool.query('SELECT SLEEP(?)', [SECONDS]);
        },
        statement: async function slowStatement() {
          await pool.execute('/* c0mment */ select SLEEP(?)', [SECONDS]);
        },
        lockedRow: async function lockedRow() {
          const [holder, waiter] = [await pool.getConnection(), await pool.getConnection()];
          await holder.query('BEGIN');
          await holder.query('SELECT id FROM orders FOR UPDATE');
          await waiter.query('UPDATE orders SET id = 5');
        },
        exhaustedPool: async function exhaustedPool() {
          await small.getConnection();
          await small.query('SELECT 1');
        },
      },
    };
  },

  ioredis({ redis: port }) {
    const client = new Redis({ host: HOST, port });
    client.on('error', ignore);
    return {
      answered: () => client.get('k3y'),
      hanging: {
        query: async function slowCommand() {
          await client.blpop('l1st', SECONDS);
        },
        ownConnection: async function ownConnection() {
          const own = client.duplicate();
          await own.blpop('l1st', SECONDS);
        },
        get: async function slowGet() {
          await client.get('k3y');
        },
        pipeline: async function slowPipeline() {
          await client.pipeline().get('k3y').set('k3y', 'v4lue').incr('k3y').exec();
        },
        transaction: async function slowTransaction() {
          await client.multi().set('k3y', 'v4lue').incr('k3y').exec();
        },
      },
    };
  },

  'node-redis'({ redis: port }) {
    const client = createClient({ socket: { host: HOST, port } });
    client.on('error', ignore);
    const connected = client.connect();
    return {
      answered: async () => {
        await connected;
        await client.get('k3y');
      },
      hanging: {
        query: async function slowCommand() {
          await client.blPop('l1st', SECONDS);
        },
        get: async function slowGet() {
          await client.get('k3y');
        },
        pipeline: async function slowPipeline() {
          await client.multi().get('k3y').set('k3y', 'v4lue').incr('k3y').execAsPipeline();
        },
        transaction: async function slowTransaction() {
          await client.multi().set('k3y', 'v4lue').incr('k3y').exec();
        },
      },
    };
  },
};
