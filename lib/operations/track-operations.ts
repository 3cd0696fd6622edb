import { onceAThread } from '../shared.js';
import { trackChildProcesses } from './child-processes.js';
import { trackDrivers } from './drivers.js';
import { trackHttp } from './http.js';
import { trackHttp2 } from './http2.js';
import { trackSockets } from './sockets.js';
import { type Tracked, Tracker } from './tracker.js';
import { trackUndici } from './undici.js';

/**
 * Notes from now on which operations attempts begin and when they end, from Node's diagnostics channels. Node calls a
 * subscriber inside the code that begins the operation, so the async context tells which attempt that is.
 *
 * @param attempt - finds the attempt whose code is running
 * @see https://nodejs.org/api/diagnostics_channel.html#built-in-channels
 */
export function trackOperations(attempt: () => Tracked | undefined): void {
  // The realm that has come last asks: under a test runner the earlier ones are those of files that have been tested.
  onceAThread('tracker', () => startTracking(attempt)).attempt = attempt;
}

function startTracking(attempt: () => Tracked | undefined): Tracker {
  const tracker = new Tracker(attempt);
  const sources = [trackHttp, trackUndici, trackHttp2, trackSockets, trackDrivers, trackChildProcesses];
  for (const track of sources) track(tracker);
  return tracker;
}
