// A job that takes longer than an invocation can: when the time is up, how far it has come goes to the function's own
// queue, and the next invocation goes on from there. The event source mapping of the queue needs a batch size of 1. SQS
// delivers at least once, so storing a photo should be idempotent all the same.
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

interface Job {
  readonly checkpoint: Checkpoint;
  readonly work: Promise<void>;
}

const logger = new Logger({ serviceName: 'thumbnails' });
const { QUEUE_URL } = process.env;
const sqs = new SQSClient();

class Thumbnails implements LambdaInterface {
  // One per event: the next invocation must not meet what this one has left.
  readonly #jobs = new WeakMap<SQSEvent, Job>();

  @logger.injectLambdaContext()
  @GracefulTimeout({ marginMs: 1000, logger })
  public async handler(event: SQSEvent, _context: Context): Promise<void> {
    const checkpoint = readCheckpoint(event);
    const work = makeThumbnails(checkpoint);
    this.#jobs.set(event, { checkpoint, work });
    await work;
    logger.info(`Album complete: ${checkpoint.album}`);
  }

  // It responds, though with nothing: the rest is in the queue, so SQS must not deliver the whole of the message again.
  // That it does if this hook fails or is abandoned, as the invocation fails then.
  @OnTimeout({ respond: true })
  protected async handOn(error: LambdaTimeoutError, event: SQSEvent): Promise<void> {
    const job = this.#jobs.get(event);
    if (!job) throw error; // there was no time to call the handler
    const { checkpoint, work } = job;
    // The photo in hand has been told to stop, but may be past the point of no return: that shows when it comes to rest.
    await Promise.allSettled([work]);
    const command = new SendMessageCommand({ QueueUrl: QUEUE_URL, MessageBody: JSON.stringify(checkpoint) });
    await sqs.send(command, { abortSignal: currentDeadline().signal });
    logger.info(`Handed on: ${checkpoint.done} of ${checkpoint.photos} photos are done`);
  }
}

const readCheckpoint = ({ Records: [message] }: SQSEvent): Checkpoint => JSON.parse(message?.body ?? '');

async function makeThumbnails(checkpoint: Checkpoint): Promise<void> {
  while (checkpoint.done < checkpoint.photos) {
    currentDeadline().throwIfExpired(); // the photo in hand may have ended after the deadline: no other must begin
    const photo = `${checkpoint.album}-${checkpoint.done + 1}`;
    await shrink(photo, currentDeadline().signal);
    await store(photo);
    checkpoint.done++;
  }
}

/** Stands in for work that can be given up. */
async function shrink(_photo: string, signal: AbortSignal): Promise<void> {
  await sleep(260, undefined, { signal });
}

/** Stands in for a call that cannot be taken back, and so is not given up half-way. */
async function store(photo: string): Promise<void> {
  await sleep(100);
  logger.info(`Stored: ${photo}`);
}

const thumbnails = new Thumbnails();
export const handler = thumbnails.handler.bind(thumbnails);
