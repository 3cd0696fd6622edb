/**
 * Makes the watching thread run its file in place of the text that the build has made of it, so that coverage sees it. To be
 * preloaded.
 */
import { syncBuiltinESMExports } from 'node:module';
import { SHARE_ENV, type WorkerOptions } from 'node:worker_threads';

const threads = process.getBuiltinModule('node:worker_threads');
const { Worker } = threads;

threads.Worker = class extends Worker {
  constructor(code: string | URL, options: WorkerOptions = {}) {
    if (!options.eval) super(code, options);
    else super(thread, { ...options, eval: false, env: SHARE_ENV });
  }
};
syncBuiltinESMExports();

const thread = new URL('watchdog/watching-thread.js', import.meta.resolve('lambda-graceful-timeout'));
