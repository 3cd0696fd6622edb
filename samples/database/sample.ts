import { missing, printed, type Sample, timedOutGracefully } from '../sample.js';
import { Database } from './database.js';

export const database: Sample = {
  name: 'database',
  shows: 'a query that hangs over a connection of an earlier invocation, which is then closed',
  async show({ event, startLambda, note }) {
    const server = await Database.start();
    try {
      const lambda = await startLambda({
        env: {
          NODE_OPTIONS: '--enable-source-maps',
          DATABASE_HOST: '127.0.0.1',
          DATABASE_PORT: String(server.port),
        },
      });
      const first = await lambda.invoke(event);
      server.lock();
      note('Somebody else locks the row, and the next event arrives');
      const second = await lambda.invoke(event);
      server.unlock();
      note('The lock is gone, and the event is delivered again');
      const third = await lambda.invoke(event);
      const hung = `UPDATE mysql://127.0.0.1:${server.port}`;
      return {
        outcome: `the error names the query that hung, "${hung}", and its line; the next event gets a new connection`,
        missing: missing({
          'a first invocation that succeeded':
            first.status === 'succeeded' && printed(first, 'Marked as paid'),
          'a second one in the same process that timed out':
            timedOutGracefully(second) && second.processId === first.processId,
          'the query in the message': printed(second, `waiting for ${hung} since `),
          // Of `handler.ts`, unless there was no time for its source map.
          'the line that began it':
            printed(second, `Hung: ${hung} at markPaid (`) && printed(second, 'handler.'),
          'the line of the @Finally hook': printed(second, 'Cleaned up'),
          'a third one in the same process that succeeded, over a new connection':
            third.status === 'succeeded' &&
            third.processId === first.processId &&
            printed(third, 'Marked as paid'),
        }),
      };
    } finally {
      server.stop();
    }
  },
};
