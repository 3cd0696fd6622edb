import { expect } from 'chai';
import { needsRealClient } from '../runtime/local-lambda.js';
import { runSamples } from '../runtime/sample-programs.js';

describe('the sample opentelemetry', function () {
  this.timeout(20_000);
  needsRealClient();

  it('shows the timeout on the span of the invocation, and the hanging call below it', async () => {
    const { code, output } = await runSamples('run.js', 'opentelemetry');
    // Long lines are broken between their words.
    expect(output.replaceAll(/\s+/g, ' ')).to.match(
      /local: ERROR LambdaTimeoutError, \d+ ms, pending: POST http:\S+ since \d+ ms .*GET \S+\/stock\/lamp: ok, .*POST \S+\/payments: ERROR LambdaTimeoutError, \d+ ms /,
    );
    expect(output).to.include('✓ opentelemetry').and.include('aws-lambda-ric');
    expect(code, output).to.equal(0);
  });
});
