import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { missing, SAMPLE_TIMEOUT_MS, type Sample } from '../sample.js';

export const http504: Sample = {
  name: 'http-504',
  shows: 'an HTTP API that answers 504 itself instead of leaving the error to the gateway',
  async show({ event, startLambda }) {
    const lambda = await startLambda();
    const { status, response, requestId, durationMs } = await lambda.invoke(event);
    const { statusCode, body } = (response ?? {}) as APIGatewayProxyStructuredResultV2;
    return {
      outcome: `answered ${statusCode} after ${Math.floor(durationMs)} ms: ${body}`,
      missing: missing({
        'a response before the deadline': status === 'succeeded' && durationMs < SAMPLE_TIMEOUT_MS,
        'the status code 504': statusCode === 504,
        'a JSON body with the request id': body !== undefined && JSON.parse(body).requestId === requestId,
      }),
    };
  },
};
