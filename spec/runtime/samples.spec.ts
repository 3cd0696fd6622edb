import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { findRuntimeClient } from '../../samples/local-lambda/runtime-client.js';
import { ROOT } from '../docs/repository.js';
import { closeFunctions, functionOf, printed } from './local-lambda.js';
import { textsOf, withoutFigures } from './printed-timeline.js';
import { runIn, runSamples } from './sample-programs.js';

/** What a timeout says if a busy machine has kept the process waiting. */
const STARVED = /; the process was suspended for the last 0 ms/g;

describe('the samples', function () {
  this.timeout(30_000);

  for (const [name, line] of [
    ['basic', 'its own finally ran, then both hooks'],
    ['without', 'Task timed out after 3.00 seconds'],
    ['sqs-partial-batch', 'Returned to the queue'],
    ['sqs-per-record', 'FullBatchFailureError'],
    ['checkpoint-resume', 'in 3 invocations, each stored once'],
    ['http-504', '504'],
    ['web-framework', 'answered 504'],
    ['streaming', 'orders were streamed before the timeout'],
    ['cancel-downstream', 'closed'],
    ['powertools', 'delivered again but charged once'],
    ['database', 'the error names the query that hung, "UPDATE mysql://127.0.0.1:'],
    // In `handler.ts`, or in `handler.js` where the machine has no time to read the source map.
    ['cpu-bound', 'interrupted in isAddress at handler.'],
    ['managed-instances', 'interrupted in addUp'],
  ] as const) {
    it(`${name} prints the expected line`, async function () {
      // The embedded client cannot run this sample. `.ci/run` has the real client, so it skips nothing.
      if (name === 'managed-instances' && findRuntimeClient().name === 'embedded') this.skip();
      const { code, output } = await runSamples('run.js', name);
      // A long line is broken between its words.
      expect(output.replaceAll(/\s+/g, ' '), output).to.include(line).and.include(findRuntimeClient().name);
      expect(code, output).to.equal(0);
    });
  }

  it('are listed if no sample is named, or an unknown one', async () => {
    for (const args of [[], ['nothing']]) {
      const { code, output } = await runSamples('run.js', ...args);
      expect(output).to.include('npm run sample -- <name>').and.include('cancel-downstream');
      expect(code).to.equal(1);
    }
  });

  describe('in `npm start`', () => {
    let output: string;
    let code: number | null;
    let tookMs: number;
    const WIDTH = 72;
    before(async () => {
      const startedAt = performance.now();
      ({ output, code } = await runIn({ COLUMNS: String(WIDTH) }, 'start.js'));
      tookMs = performance.now() - startedAt;
    });

    it('fit lines of 72 characters, cut no line and break no word', () => {
      for (const line of output.split('\n')) {
        expect(line.length, line).to.be.at.most(WIDTH);
        expect(line).to.not.match(/…$/);
      }
      expect(textsOf(output).join('\n'), output)
        .to.match(
          /ERROR LambdaTimeoutError: Reports\.handler timed out \d+ ms before the Lambda deadline, after \d+ ms/,
        )
        .and.include('Lambda’s deadline: what still runs is killed')
        .and.match(
          /✓ with: its own finally ran, then both hooks, LambdaTimeoutError \d+ ms before the kill, same process/,
        );
    });

    for (const recorded of ['start.txt', 'start.narrow.txt']) {
      it(`print what the picture of docs/pictures/${recorded} shows, but for times`, function () {
        // It was recorded with the real client, whose lines differ from those of the embedded one.
        if (findRuntimeClient().name === 'embedded') this.skip();
        const texts = (text: string) =>
          textsOf(text).map((shown) => withoutFigures(shown).replace(STARVED, ''));
        const shown = texts(readFileSync(join(ROOT, 'docs/pictures', recorded), 'utf8'));
        expect(texts(output), 'run `npm run pictures:record`').to.deep.equal(shown);
      });
    }

    it('show the killed handler, the graceful one and the interrupted one', () => {
      expect(textsOf(output).join('\n'), output)
        .to.include('Task timed out after 3.00 seconds')
        .and.match(
          /✓ without: killed[\s\S]*✓ with: [\s\S]*✓ with preempt: interrupted in isAddress at handler\.ts:\d+/,
        );
      expect(code, output).to.equal(0);
      expect(tookMs).to.be.below(20_000);
    });

    it('show that the finally of the handler ends before the hooks begin, and the hooks end before the error leaves (R12)', () => {
      const [, , withPackage = ''] = textsOf(output);
      const steps = [
        'catch: gave up, 2 of 6 reports ready',
        'finally: closing the connection',
        'finally: connection closed',
        'ERROR Reports.handler timed out',
        '@OnTimeout: told the owners',
        '@Finally: cleaned up (rejected)',
        'ERROR LambdaTimeoutError: Reports.handler',
      ];
      const places = steps.map((step) => withPackage.indexOf(step));
      expect(places, output).to.not.include(-1);
      expect(places).to.deep.equal([...places].sort((a, b) => a - b));
    });
  });
});

describe('the embedded runtime client, for machines without the real one', function () {
  this.timeout(15_000);
  afterEach(closeFunctions);

  it('runs a handler that times out, and the next event in the same process', async () => {
    const lambda = functionOf('handler', { client: 'embedded' });
    expect(lambda.client).to.equal('embedded');
    const late = await lambda.invoke({ work: 'hang' });
    expect(late.error?.errorType).to.equal('LambdaTimeoutError');
    expect(printed(late).join('\n')).to.include('closed: rejected');
    expect(await lambda.invoke({})).to.include({ response: 'done', processId: late.processId });
  });

  it('runs a streaming handler', async () => {
    // With the handler's margin, the deadline comes 100 ms after the start, which is before the handler's next step.
    const lambda = functionOf('streaming-handlers.plainResponder', { client: 'embedded', timeoutMs: 700 });
    expect(await lambda.invoke({ hangs: 'in the middle' })).to.include({ body: 'one timed out' });
  });

  it('is killed at the deadline like the real one', async () => {
    expect(
      (await functionOf('undecorated', { client: 'embedded' }).invoke({ work: 'hang' })).status,
    ).to.equal('timed out');
  });
});
