import { expectEndured, TIMEOUT_MS } from '../preemption/endurance.js';
import { PACKAGE } from './traced-functions.js';

const TRACERS = {
  'dd-trace': 'node_modules/dd-trace/init.js',
  OpenTelemetry: '.build/opentelemetry-setup.js',
  Sentry: '.build/sentry-setup.js',
};

describe('A traced process that is interrupted again and again (R0, R26, R27a)', function () {
  this.timeout(TIMEOUT_MS);

  for (const [name, file] of Object.entries(TRACERS)) {
    it(`loses nothing, whatever the code does, with ${name}`, () =>
      expectEndured({
        nodeArgs: ['--require', `${PACKAGE}${file}`],
        env: { DD_TRACE_STARTUP_LOGS: 'false', DD_TRACE_AGENT_URL: 'http://127.0.0.1:9' },
      }));
  }
});
