// A job that takes longer than an invocation can: at the timeout a message with its progress goes to the function's own
// queue, and the next invocation goes on from there. A hook sends the message, not the handler: the hook runs even if
// the handler hangs, and its own deadline cancels a send that takes too long. The event source mapping of the queue
// needs a batch size of 1. SQS can deliver a message twice, so storing a photo must be idempotent in any case.
import { setTimeout as sleep } from 'node:timers/promises';
import type { LambdaInterface } from '@aws-lambda-powertools/commons/types';
import { Logger } from '@aws-lambda-powertools/logger';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Context, SQSEvent } from 'aws-lambda';
import {
  currentDeadline,
  GracefulTimeout,
  type LambdaTimeoutError,
  OnTimeout,
} from 'lambda-graceful-timeout';

/** What a message of the queue says. */
interface Checkpoint {
  readonly album: string;
  readonly photos: number;
  /** How many of them have their thumbnail. */
  done: number;
}

const logger = new Logger({ serviceName: 'thumbnails' });
const { QUEUE_URL } = process.env;
const sqs = new SQSClient();

class Thumbnails implements LambdaInterface {
  // One for each event: an abandoned handler can still write to its own checkpoint, but to no other one.
  readonly #checkpoints = new WeakMap<SQSEvent, Checkpoint>();

  @logger.injectLambdaContext()
  @GracefulTimeout({ marginMs: 1000, logger })
  public async handler(event: SQSEvent, _context: Context): Promise<void> {
    const checkpoint = readCheckpoint(event);
    this.#checkpoints.set(event, checkpoint);
    await makeThumbnails(checkpoint);
    logger.info(`Album complete: ${checkpoint.album}`);
  }

  // It responds with nothing: the invocation succeeds, so SQS does not deliver its message again. If the hook fails or
  // is abandoned, the invocation fails, and SQS delivers it again.
  @OnTimeout({ respond: true })
  protected async handOn(error: LambdaTimeoutError, event: SQSEvent): Promise<void> {
    const checkpoint = this.#checkpoints.get(event);
    if (!checkpoint) throw error; // there was no time to call the handler
    const command = new SendMessageCommand({ QueueUrl: QUEUE_URL, MessageBody: JSON.stringify(checkpoint) });
    await sqs.send(command, { abortSignal: currentDeadline().signal });
    logger.info(`Handed on: ${checkpoint.done} of ${checkpoint.photos} photos are done`);
  }
}

const readCheckpoint = ({ Records: [message] }: SQSEvent): Checkpoint => JSON.parse(message?.body ?? '');

async function makeThumbnails(checkpoint: Checkpoint): Promise<void> {
  while (checkpoint.done < checkpoint.photos) {
    const deadline = currentDeadline();
    deadline.throwIfExpired(); // no photo begins after the deadline
    const photo = `${checkpoint.album}-${checkpoint.done + 1}`;
    await shrink(photo, deadline.signal);
    await store(photo);
    checkpoint.done++;
  }
}

/** Stands in for work that can be given up at the deadline. */
async function shrink(_photo: string, signal: AbortSignal): Promise<void> {
  await sleep(260, undefined, { signal });
}

/** Stands in for a call that cannot be taken back. It gets no signal and ends in the handler's grace. */
async function store(photo: string): Promise<void> {
  await sleep(100);
  logger.info(`Stored: ${photo}`);
}

const thumbnails = new Thumbnails();
export const handler = thumbnails.handler.bind(thumbnails);
