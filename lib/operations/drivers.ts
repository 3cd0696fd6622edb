import type { Description } from '../report/pending-operations.js';
import { DRIVER_CHANNELS, type DriverChannel } from './driver-channels.js';
import { type DriverMessage, readCommand, serverOf, urlOf, wordOf } from './driver-messages.js';
import { DuringCall } from './during-call.js';
import type { Entry } from './operations.js';
import { isPipeline, joinPipeline, leavePipeline } from './pipelines.js';
import {
  beginConnecting,
  endConnecting,
  isConnecting,
  nameOfConnection,
  nameOfServer,
  noteToldServer,
} from './servers.js';
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

/** What goes on in the current call. */
interface CurrentCall {
  /** The batch that is being sent, or the pool that is being asked. */
  readonly within?: { readonly message: DriverMessage; readonly kind: DriverChannel['kind'] } | undefined;
  /** The wait for a connection of a pool that has just ended. What its callback begins, it begins for whoever waited. */
  readonly waited?: Taken | undefined;
}

const currentCall = new DuringCall<CurrentCall>();

function during(change: CurrentCall): void {
  currentCall.value = { ...currentCall.value, ...change };
}

/** The pools that wait for a new connection, which is listed instead. */
const connectingPools = new WeakSet<DriverMessage>();

function start(tracker: Tracker, channel: DriverChannel, message: DriverMessage, below: Entry): void {
  const { kind } = channel;
  const { within, waited } = currentCall.value ?? {};
  // Outside of invocations a command shall cost next to nothing.
  if (!kind && !tracker.isWanted) return;
  const isPart = within?.kind === 'batch' || (!kind && message.batchMode !== undefined);
  const server = serverOf(message);
  const url = urlOf(channel.scheme, server);
  if (isPart || isOfHandshake(channel, message, url)) return;
  noteToldServer(nameOfServer(server.host, server.port));
  if (kind === 'connect') {
    beginConnecting(message, url);
    if (within) connectingPools.add(within.message);
  }
  const { pipeline } = channel;
  if (pipeline !== undefined && joinPipeline(pipeline, message, below, tracker.current())) return;
  const describeIt = (): Description | undefined => describe(channel, message);
  if (kind === 'connect') tracker.beginConnect(message, describeIt, below);
  else if (kind === 'pool') tracker.begin(message, describeIt, below);
  else tracker.beginCommand(message, describeIt, below, waited);
  if (kind === 'batch' || kind === 'pool') during({ within: { message, kind } });
}

/** Whether a driver itself sends a command, because it connects. */
const isOfHandshake = ({ handshake }: DriverChannel, message: DriverMessage, url: string): boolean =>
  handshake !== undefined && isConnecting(url) && handshake.has(readCommand(message));

function endOf(tracker: Tracker, message: DriverMessage): void {
  endConnecting(message);
  const ended = leavePipeline(message);
  if (ended) tracker.end(ended);
}

function describe(
  { scheme, kind, readName }: DriverChannel,
  message: DriverMessage,
): Description | undefined {
  const address = serverOf(message);
  const { host, port } = address;
  const url = urlOf(scheme, address);
  const server = nameOfServer(host, port);
  if (kind === 'connect') {
    const operation = host === undefined ? `connection to ${url}` : nameOfConnection(host, port);
    return { operation, isBusy: true, server };
  }
  if (kind === 'pool')
    return connectingPools.has(message) ? undefined : { operation: `pool of ${url}`, server };
  const name = isPipeline(message) ? 'PIPELINE' : wordOf(readName(message));
  return { operation: `${name ?? 'command of'} ${url}`, server };
}
