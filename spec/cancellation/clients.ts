import { request } from 'node:http';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import axios from 'axios';
import { execa } from 'execa';
import { default as execa5 } from 'execa5';
import got from 'got';
import ky from 'ky';
import nodeFetch from 'node-fetch';
import { ofetch } from 'ofetch';
import OpenAI from 'openai';
import PQueue from 'p-queue';
import { Agent, request as undiciRequest } from 'undici';

/** Sends a request that carries secrets, and waits for the whole answer. */
export type Call = (url: string, signal: AbortSignal) => PromiseLike<unknown>;

/** Is in the header, the query and the body of each request. No log may contain it. */
export const SECRET = 'hush-hush';

const HEADERS = { authorization: `Bearer ${SECRET}` };
const BODY = JSON.stringify({ card: SECRET });
const withToken = (url: string): string => `${url}/orders?token=${SECRET}`;
const POST = { method: 'POST', headers: HEADERS, body: BODY } as const;

const post: Call = async (url, signal) => (await fetch(withToken(url), { ...POST, signal })).text();

/** Runs a child process that sends the request, and that prints what it has received. */
const CHILD = `
  const response = await fetch(process.argv[1], { method: 'POST', body: process.argv[2] });
  for await (const chunk of response.body) process.stdout.write(chunk);
`;
const childArguments = (url: string): string[] => ['--input-type=module', '-e', CHILD, withToken(url), BODY];

/** In the middle of an answer it rejects as if the connection was lost. */
const callAws: Call = (url, signal) => {
  const client = new SQSClient({
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: SECRET },
  });
  const command = new SendMessageCommand({ QueueUrl: withToken(url), MessageBody: BODY });
  return client.send(command, { abortSignal: signal });
};

/** Each client as its users call it. */
export const CLIENTS: Readonly<Record<string, Call>> = {
  fetch: post,
  'node:http': (url, signal) =>
    new Promise((resolve, reject) => {
      request(withToken(url), { method: 'POST', headers: HEADERS, signal })
        .on('error', reject)
        .on('response', (response) => text(response).then(resolve, reject))
        .end(BODY);
    }),
  '`pipeline()` with an answer of node:http': (url, signal) =>
    new Promise((resolve, reject) => {
      request(withToken(url), { method: 'POST', headers: HEADERS, signal })
        .on('error', reject)
        .on('response', (response) => {
          pipeline(response, new PassThrough().resume(), { signal }).then(resolve, reject);
        })
        .end(BODY);
    }),
  undici: async (url, signal) => {
    const { body } = await undiciRequest(withToken(url), { ...POST, signal, dispatcher: new Agent() });
    return body.text();
  },
  'the AWS SDK': callAws,
  axios: (url, signal) => axios.post(withToken(url), BODY, { headers: HEADERS, signal }),
  'axios with fetch': (url, signal) =>
    axios.post(withToken(url), BODY, { headers: HEADERS, signal, adapter: 'fetch' }),
  got: (url, signal) => got(withToken(url), { ...POST, signal }).text(),
  ky: (url, signal) => ky(withToken(url), { ...POST, signal }).text(),
  'node-fetch': async (url, signal) => (await nodeFetch(withToken(url), { ...POST, signal })).text(),
  ofetch: (url, signal) => ofetch(withToken(url), { ...POST, signal }),
  openai: (url, signal) => {
    const client = new OpenAI({ apiKey: SECRET, baseURL: url, defaultQuery: { token: SECRET } });
    const messages = [{ role: 'user', content: BODY } as const];
    return client.chat.completions.create({ model: 'local', messages }, { signal });
  },
  'execa 9': (url, signal) => execa(process.execPath, childArguments(url), { cancelSignal: signal }),
  'execa 5': (url, signal) => {
    const child = execa5(process.execPath, childArguments(url));
    signal.addEventListener('abort', () => child.cancel());
    return child;
  },
  'p-queue': (url, signal) => new PQueue().add(() => post(url, signal), { signal }),
  'a chain of controllers': (url, signal) => {
    const controllers = [new AbortController(), new AbortController()] as const;
    signal.addEventListener('abort', () => controllers[0].abort());
    controllers[0].signal.addEventListener('abort', () => controllers[1].abort());
    return post(url, controllers[1].signal);
  },
  'AbortSignal.any': (url, signal) => post(url, AbortSignal.any([signal, new AbortController().signal])),
  'an AbortError around an AbortError': async (url, signal) => {
    const controller = new AbortController();
    signal.addEventListener('abort', () => controller.abort());
    try {
      return await post(url, controller.signal);
    } catch (cause) {
      throw Object.assign(new Error('stopped', { cause }), { name: 'AbortError', request: POST });
    }
  },
  'Promise.any': (url, signal) => Promise.any([post(url, signal), axios(url, { signal, headers: HEADERS })]),
  'an error with a cause': async (url, signal) => {
    try {
      return await axios.post(withToken(url), BODY, { headers: HEADERS, signal });
    } catch (cause) {
      throw Object.assign(new Error('order failed', { cause }), { request: POST });
    }
  },
  'an error with a reason': async (url, signal) => {
    try {
      return await post(url, signal);
    } catch (reason) {
      throw Object.assign(new Error('order failed'), { reason, request: POST });
    }
  },
};
