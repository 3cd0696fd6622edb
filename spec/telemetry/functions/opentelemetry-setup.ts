/** `NODE_OPTIONS=--require` loads this file before the handler, as the README of the instrumentation says. */
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { AwsLambdaInstrumentation } from '@opentelemetry/instrumentation-aws-lambda';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

// The runtime of Node 24 imports the handler.
register('@opentelemetry/instrumentation/hook.mjs', pathToFileURL(__filename));

context.setGlobalContextManager(new AsyncLocalStorageContextManager());
const spanProcessors = [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })];
const tracerProvider = new TracerProvider({ spanProcessors });
trace.setGlobalTracerProvider(tracerProvider);
registerInstrumentations({
  tracerProvider,
  instrumentations: [new AwsLambdaInstrumentation(), new HttpInstrumentation(), new UndiciInstrumentation()],
});
