import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { FunctionError, Invocation } from './invocation.js';

/** Hands an invocation to the client that asked for one. */
export type Hand = (invocation: Invocation, deadlineMs: number) => void;

/** Receives what a runtime client tells the platform. */
export interface RuntimeApiListener {
  onNext(hand: Hand): void;
  /** The invocation with this id, if a client can still answer it. */
  findInvocation(requestId: string): Invocation | undefined;
  onOutcome(invocation: Invocation): void;
  onInitError(error: FunctionError): void;
}

const ROUTE =
  /^\/2018-06-01\/runtime\/(?:invocation\/(?<id>[^/]+)\/)?(?<what>invocation\/next|response|error|init\/error)$/;
const PRELUDE_TYPE = 'application/vnd.awslambda.http-integration-response';
const PRELUDE_END = '\0'.repeat(8);

/**
 * The HTTP interface between Lambda and the process that runs the handler.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export class RuntimeApi {
  readonly #listener: RuntimeApiListener;
  readonly #server = createServer((request, response) => {
    // A client that is killed while it posts cuts its request off. Its exit tells how it ended.
    this.#answer(request, response).catch(() => response.destroy());
  });

  constructor(listener: RuntimeApiListener) {
    this.#listener = listener;
    // An invocation can last 15 minutes, and so can the time until the next one.
    this.#server.requestTimeout = 0;
    this.#server.keepAliveTimeout = 0;
  }

  /** Starts to listen and returns the address, `host:port`. */
  listen(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject).listen(0, '127.0.0.1', () => {
        resolve(`127.0.0.1:${(this.#server.address() as AddressInfo).port}`);
      });
    });
  }

  async close(): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { id, what } = request.url?.match(ROUTE)?.groups ?? {};
    if (what === 'invocation/next') {
      this.#listener.onNext((invocation, deadlineMs) => hand(response, invocation, deadlineMs));
      return;
    }
    if (what === 'init/error') {
      this.#listener.onInitError(toFunctionError(await text(request)));
      accept(response);
      return;
    }
    const invocation = id === undefined ? undefined : this.#listener.findInvocation(id);
    if (!invocation) {
      refuse(response);
      return;
    }
    if (what === 'error') await receiveError(request, invocation);
    else await receiveResponse(request, invocation);
    this.#listener.onOutcome(invocation);
    accept(response);
  }
}

function hand(response: ServerResponse, invocation: Invocation, deadlineMs: number): void {
  const { requestId, event } = invocation;
  const body = JSON.stringify(event ?? null);
  response
    .writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
      'Lambda-Runtime-Aws-Request-Id': requestId,
      'Lambda-Runtime-Deadline-Ms': deadlineMs,
      'Lambda-Runtime-Invoked-Function-Arn': 'arn:aws:lambda:us-east-1:123456789012:function:local',
      'Lambda-Runtime-Trace-Id': traceHeader(requestId),
    })
    .end(body);
}

/** The trace header of a function with active tracing. */
function traceHeader(requestId: string): string {
  const id = requestId.replaceAll('-', '');
  return `Root=1-${id.slice(0, 8)}-${id.slice(8)};Parent=${id.slice(16)};Sampled=1`;
}

async function receiveError(request: IncomingMessage, invocation: Invocation): Promise<void> {
  invocation.end({ status: 'failed', error: toFunctionError(await text(request)) });
}

async function receiveResponse(request: IncomingMessage, invocation: Invocation): Promise<void> {
  const { headers } = request;
  invocation.streaming = headers['lambda-runtime-function-response-mode'] === 'streaming';
  const isHttp = headers['content-type'] === PRELUDE_TYPE;
  let response: unknown;
  let isBody = !isHttp;
  request.setEncoding('utf8');
  for await (const chunk of request) {
    invocation.body += chunk;
    let part: string = chunk;
    if (!isBody) {
      const end = invocation.body.indexOf(PRELUDE_END);
      if (end < 0) continue;
      isBody = true;
      response = JSON.parse(invocation.body.slice(0, end));
      part = invocation.body.slice(end + PRELUDE_END.length);
      invocation.body = part;
    }
    if (invocation.streaming && part !== '') invocation.onPart(part);
  }
  if (!invocation.streaming) response = JSON.parse(invocation.body);
  const error = errorInTrailers(request.trailers);
  invocation.end(error ? { status: 'failed', response, error } : { status: 'succeeded', response });
}

/** When a stream fails, its body has already begun, so its error comes after the body. */
function errorInTrailers(trailers: NodeJS.Dict<string>): FunctionError | undefined {
  if (trailers['lambda-runtime-function-error-type'] === undefined) return undefined;
  const body = trailers['lambda-runtime-function-error-body'] ?? '';
  return toFunctionError(Buffer.from(body, 'base64').toString());
}

function toFunctionError(json: string): FunctionError {
  return JSON.parse(json);
}

function accept(response: ServerResponse): void {
  response.writeHead(202, { 'Content-Type': 'application/json' }).end('{"status":"OK"}');
}

function refuse(response: ServerResponse): void {
  response
    .writeHead(400, { 'Content-Type': 'application/json' })
    .end('{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}');
}
