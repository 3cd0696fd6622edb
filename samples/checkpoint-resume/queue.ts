import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { SQSEvent, SQSRecord } from 'aws-lambda';

/** A queue on this machine that takes messages as SQS does, and delivers each as an event. */
export class Queue {
  readonly #messages: SQSRecord[] = [];
  readonly #template: SQSRecord;
  readonly #server: Server;

  private constructor(template: SQSRecord) {
    this.#template = template;
    this.#server = createServer((request, response) => this.#take(request, response));
  }

  /** @param template - a record with the fields that a message does not have itself */
  static async start(template: SQSRecord): Promise<Queue> {
    const queue = new Queue(template);
    await new Promise<void>((resolve) => queue.#server.listen(0, '127.0.0.1', resolve));
    return queue;
  }

  /** The endpoint of SQS for the client. */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Delivers the next message, if there is one. */
  deliver(): SQSEvent | undefined {
    const message = this.#messages.shift();
    return message && { Records: [message] };
  }

  async close(): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
  }

  /** Takes a message. The client checks the hash in the answer. */
  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { MessageBody: body } = JSON.parse(await text(request));
    const messageId = randomUUID();
    const md5OfBody = createHash('md5').update(body).digest('hex');
    this.#messages.push({ ...this.#template, messageId, body, md5OfBody });
    response.end(JSON.stringify({ MessageId: messageId, MD5OfMessageBody: md5OfBody }));
  }
}
