import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { missing, printed, SAMPLE_TIMEOUT_MS, type Sample } from '../sample.js';

export const webFramework: Sample<APIGatewayProxyEventV2> = {
  name: 'web-framework',
  shows: 'a Hono app that answers 504 at a timeout, and not the 500 of its framework',
  async show({ event, startLambda }) {
    const lambda = await startLambda();
    const health = await lambda.invoke({ ...event, ...route(event, '/health') });
    const slow = await lambda.invoke(event);
    const { statusCode, body } = (slow.response ?? {}) as APIGatewayProxyStructuredResultV2;
    return {
      outcome: `answered ${statusCode} after ${Math.floor(slow.durationMs)} ms: ${body}`,
      missing: missing({
        'a 200 from another route':
          (health.response as APIGatewayProxyStructuredResultV2 | undefined)?.statusCode === 200,
        'a response before the deadline': slow.status === 'succeeded' && slow.durationMs < SAMPLE_TIMEOUT_MS,
        'the error that Hono has caught': printed(slow, 'Hono has caught an error'),
        'the status code 504': statusCode === 504,
        'a JSON body with the request id':
          body !== undefined && JSON.parse(body).requestId === slow.requestId,
      }),
    };
  },
};

/** The parts of an event that say which route is asked for. */
const route = (
  { requestContext }: APIGatewayProxyEventV2,
  path: string,
): Partial<APIGatewayProxyEventV2> => ({
  rawPath: path,
  routeKey: `GET ${path}`,
  requestContext: { ...requestContext, http: { ...requestContext.http, path } },
});
