/** A runtime client that asks for the next event before it has answered the one that it has, or never answers it. */
import { pathToFileURL } from 'node:url';

const { AWS_LAMBDA_RUNTIME_API: address, NEVER_ANSWERS: neverAnswers } = process.env;
const api = `http://${address}/2018-06-01/runtime/invocation`;
const next = (): Promise<Response> => fetch(`${api}/next`);
const DELAY_MS = 50;

async function serve(): Promise<void> {
  let event = next();
  for (;;) {
    const id = (await event).headers.get('Lambda-Runtime-Aws-Request-Id');
    event = next();
    await new Promise((resolve) => setTimeout(resolve, DELAY_MS));
    if (neverAnswers === undefined) {
      await fetch(`${api}/${id}/response`, { method: 'POST', body: '"answered"' });
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) void serve();
