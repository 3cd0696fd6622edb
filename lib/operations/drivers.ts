import type { Description } from '../report/pending-operations.js';
import { isBelowMethodOf } from './call-sites.js';
import { DRIVER_CHANNELS, type DriverChannel } from './driver-channels.js';
import { type DriverMessage, readCommand, serverOf, urlOf, wordOf } from './driver-messages.js';
import type { Entry } from './operations.js';
import { beginConnecting, endConnecting, isConnecting, nameOfConnection, noteToldServer } from './servers.js';
import type { Taken, Tracker } from './tracker.js';

/**
 * Notes the commands of drivers that publish Node's tracing channels.
 *
 * @see https://nodejs.org/api/diagnostics_channel.html#class-tracingchannel
 */
export function trackDrivers(tracker: Tracker): void {
  for (const [name, channel] of Object.entries(DRIVER_CHANNELS)) {
    const listen = (event: string, subscriber: (message: DriverMessage, below: Entry) => void): void =>
      tracker.listen(`tracing:${name}:${event}`, subscriber);
    const end = (message: DriverMessage): void => endOf(tracker, message);
    listen('start', (message, below) => start(tracker, channel, message, below));
    listen('error', end);
    listen('asyncEnd', end);
    if (channel.kind !== 'pool')
      listen('asyncStart', end); // before the callback, which is no part of the operation
    else {
      listen('asyncStart', (message) => during({ waited: tracker.take(message) }));
      listen('asyncEnd', () => during({ waited: undefined }));
    }
    if (channel.kind === 'batch' || channel.kind === 'pool')
      listen('end', () => during({ within: undefined }));
  }
}

/** What goes on in the current call. It is over when the next microtask runs, whatever a driver has forgotten to tell. */
interface CurrentCall {
  /** The batch that is being sent, or the pool that is being asked. */
  readonly within?: { readonly message: DriverMessage; readonly kind: DriverChannel['kind'] } | undefined;
  /** The wait for a connection of a pool that has just ended. What its callback begins, it begins for whoever waited. */
  readonly waited?: Taken | undefined;
  /** The pipeline that is being sent. */
  readonly pipeline?: Pipeline | undefined;
}

let currentCall: CurrentCall = {};

function during(change: CurrentCall): void {
  currentCall = { ...currentCall, ...change };
  queueMicrotask(() => {
    currentCall = {};
  });
}

/** Commands that are sent at once. The first one stands for all of them until the last one has ended. */
interface Pipeline {
  readonly first: DriverMessage;
  unanswered: number;
}

const pipelines = new WeakMap<DriverMessage, Pipeline>();

/** The pools that wait for a new connection, which is listed instead. */
const connectingPools = new WeakSet<DriverMessage>();

function start(tracker: Tracker, channel: DriverChannel, message: DriverMessage, below: Entry): void {
  const { kind } = channel;
  const { within, waited } = currentCall;
  const isPart = within?.kind === 'batch' || (kind === 'command' && message.batchMode !== undefined);
  if (isPart || isOfHandshake(channel, message)) return;
  const server = serverOf(message);
  noteToldServer(server.host, server.port);
  if (kind === 'connect') {
    beginConnecting(message, urlOf(channel.scheme, server));
    if (within) connectingPools.add(within.message);
  }
  const isPipelined = channel.pipeline !== undefined && isBelowMethodOf(channel.pipeline, below);
  if (isPipelined && joinPipeline(message)) return;
  tracker.begin(message, () => describe(channel, message, isPipelined), below, waited);
  if (kind === 'batch' || kind === 'pool') during({ within: { message, kind } });
}

/** Whether a driver itself sends a command, because it connects. */
const isOfHandshake = ({ scheme, handshake }: DriverChannel, message: DriverMessage): boolean =>
  handshake?.has(readCommand(message)) === true && isConnecting(urlOf(scheme, serverOf(message)));

/** Adds a command to the pipeline that is being sent. Answers whether there was one already. */
function joinPipeline(message: DriverMessage): boolean {
  const { pipeline = { first: message, unanswered: 0 } } = currentCall;
  pipeline.unanswered++;
  pipelines.set(message, pipeline);
  during({ pipeline });
  return pipeline.first !== message;
}

function endOf(tracker: Tracker, message: DriverMessage): void {
  endConnecting(message);
  const pipeline = pipelines.get(message);
  if (!pipeline) tracker.end(message);
  else if (pipelines.delete(message) && --pipeline.unanswered === 0) tracker.end(pipeline.first);
}

function describe(
  { scheme, kind, readName }: DriverChannel,
  message: DriverMessage,
  isPipelined: boolean,
): Description | undefined {
  const server = serverOf(message);
  const url = urlOf(scheme, server);
  if (kind === 'connect') {
    const operation = server.host === undefined ? url : nameOfConnection(server.host, server.port);
    return { operation, connection: 'busy' };
  }
  if (kind === 'pool') return connectingPools.has(message) ? undefined : { operation: `pool of ${url}` };
  const name = isPipelined ? 'PIPELINE' : readName && wordOf(readName(message));
  return { operation: `${name ?? 'command of'} ${url}` };
}
