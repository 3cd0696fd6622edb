// Loaded before the handler, by `NODE_OPTIONS=--import ./instrumentation.js`.
import { register } from 'node:module';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { AwsLambdaInstrumentation } from '@opentelemetry/instrumentation-aws-lambda';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

// The runtime imports the handler, so the instrumentation must hook into `import`.
register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);

// The response waits for the collector: this timeout must fit into the `reserveMs` of the handler.
const exporter = new OTLPTraceExporter({ timeoutMillis: 400 });
const tracerProvider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] });
context.setGlobalContextManager(new AsyncLocalStorageContextManager());
trace.setGlobalTracerProvider(tracerProvider);
registerInstrumentations({
  tracerProvider,
  instrumentations: [new AwsLambdaInstrumentation(), new UndiciInstrumentation()],
});
