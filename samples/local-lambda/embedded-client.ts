// Replaces aws-lambda-ric where that cannot be compiled: the same Runtime API, the same order of events.
import { existsSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { setImmediate as nextImmediate } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** This file is a module and a program: this is the path of the program. */
export const embeddedClientPath = fileURLToPath(import.meta.url);

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');

type Handler = ((...args: unknown[]) => unknown) & { [STREAMING]?: string };

interface ResponseStream extends ClientRequest {
  setContentType(type: string): void;
}

async function serve(): Promise<void> {
  Object.assign(globalThis, { awslambda: { streamifyResponse, HttpResponseStream: { from: withPrelude } } });
  let handler: Handler;
  try {
    handler = await loadHandler();
  } catch (error) {
    console.error(`Init Error\t${JSON.stringify(toPayload(error))}`);
    await post('init/error', toPayload(error));
    process.exit(1); // as the real client does, even if the handler's module keeps something open
  }
  for (;;) {
    const { headers, body } = await receive(call('GET', 'invocation/next').end());
    const requestId = String(headers['lambda-runtime-aws-request-id']);
    Object.assign(process.env, { _X_AMZN_TRACE_ID: headers['lambda-runtime-trace-id'] });
    const context = createContext(requestId, headers);
    const invoke = handler[STREAMING] ? invokeStreaming : invokeBuffered;
    await invoke(handler, requestId, JSON.parse(body), context);
  }
}

async function invokeBuffered(
  handler: Handler,
  requestId: string,
  event: unknown,
  context: object,
): Promise<void> {
  try {
    const response = await handler(event, context);
    await nextImmediate();
    await post(`invocation/${requestId}/response`, response);
  } catch (error) {
    await nextImmediate();
    logError(error);
    await post(`invocation/${requestId}/error`, toPayload(error));
  }
}

async function invokeStreaming(
  handler: Handler,
  requestId: string,
  event: unknown,
  context: object,
): Promise<void> {
  const stream = call('POST', `invocation/${requestId}/response`, {
    'Lambda-Runtime-Function-Response-Mode': 'streaming',
    'Content-Type': 'application/octet-stream',
    'Transfer-Encoding': 'chunked',
    Trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
  }) as ResponseStream;
  stream.setContentType = (type) => stream.setHeader('Content-Type', type);
  const posted = receive(stream);
  try {
    await handler(event, stream, context);
  } catch (error) {
    await nextImmediate();
    logError(error);
    const payload = toPayload(error);
    stream.addTrailers({
      'Lambda-Runtime-Function-Error-Type': payload.errorType,
      'Lambda-Runtime-Function-Error-Body': Buffer.from(JSON.stringify(payload)).toString('base64'),
    });
    stream.end();
  }
  await posted;
}

async function loadHandler(): Promise<Handler> {
  const { LAMBDA_TASK_ROOT = '.', _HANDLER = '' } = process.env;
  const dot = _HANDLER.lastIndexOf('.');
  const stem = join(LAMBDA_TASK_ROOT, _HANDLER.slice(0, dot));
  const path = ['.js', '.mjs', '.cjs'].map((extension) => stem + extension).find((file) => existsSync(file));
  if (!path) throw named('Runtime.ImportModuleError', `Error: Cannot find module '${stem}'`);
  const exported = await import(pathToFileURL(path).href).catch((error) => {
    const isMissing = /^(ERR_)?MODULE_NOT_FOUND$/.test(error?.code);
    throw isMissing ? named('Runtime.ImportModuleError', String(error)) : error;
  });
  const name = _HANDLER.slice(dot + 1);
  const handler = exported[name] ?? exported.default?.[name];
  if (typeof handler === 'function') return handler;
  throw named('Runtime.HandlerNotFound', `${_HANDLER} is undefined or not a function`);
}

/** An error with the name that the real client gives to it. */
const named = (name: string, message: string): Error => Object.assign(new Error(message), { name });

function createContext(requestId: string, headers: IncomingMessage['headers']): object {
  const deadlineMs = Number(headers['lambda-runtime-deadline-ms']);
  const {
    AWS_LAMBDA_FUNCTION_NAME: functionName,
    AWS_LAMBDA_FUNCTION_VERSION: functionVersion,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memoryLimitInMB,
    AWS_LAMBDA_LOG_GROUP_NAME: logGroupName,
    AWS_LAMBDA_LOG_STREAM_NAME: logStreamName,
  } = process.env;
  return {
    awsRequestId: requestId,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    functionName,
    functionVersion,
    memoryLimitInMB,
    logGroupName,
    logStreamName,
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
  };
}

function streamifyResponse(handler: Handler): Handler {
  handler[STREAMING] = 'response';
  return handler;
}

function withPrelude(stream: ResponseStream, prelude: unknown): ResponseStream {
  stream.setContentType('application/vnd.awslambda.http-integration-response');
  stream.write(`${JSON.stringify(prelude)}${'\0'.repeat(8)}`);
  return stream;
}

function logError(error: unknown): void {
  console.error(`Invoke Error\t${JSON.stringify({ ...toPayload(error), ...(error as object) })}`);
}

function toPayload(error: unknown): { errorType: string; errorMessage: string; trace: string[] } {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: error.stack?.split('\n') ?? [] };
}

function call(method: string, path: string, headers: Record<string, string> = {}): ClientRequest {
  const { AWS_LAMBDA_RUNTIME_API } = process.env;
  return request(`http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/${path}`, { method, headers });
}

async function post(path: string, payload: unknown): Promise<void> {
  await receive(call('POST', path).end(JSON.stringify(payload ?? null)));
}

function receive(sent: ClientRequest): Promise<{ headers: IncomingMessage['headers']; body: string }> {
  return new Promise((resolve, reject) => {
    sent.on('error', reject).on('response', (received) => {
      let body = '';
      received.setEncoding('utf8').on('data', (chunk) => {
        body += chunk;
      });
      received.on('error', reject).on('end', () => resolve({ headers: received.headers, body }));
    });
  });
}

if (process.argv[1] === embeddedClientPath) void serve();
