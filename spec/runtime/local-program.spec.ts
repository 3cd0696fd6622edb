import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { built, type Run, runIn } from './sample-programs.js';

const BUNDLE = `
exports.handler = async ({ hangs, fails }, context) => {
  console.log('table', process.env.TABLE, context.memoryLimitInMB, '\\nnext line');
  if (hangs) await new Promise((resolve) => setTimeout(resolve, 60_000));
  if (fails) throw new RangeError('failed');
  return { done: true };
};
exports.streaming = awslambda.streamifyResponse(async ({ http, hangs }, stream) => {
  const body = http ? awslambda.HttpResponseStream.from(stream, { statusCode: 201 }) : stream;
  body.write('one ');
  await new Promise((resolve) => setTimeout(resolve, hangs ? 60_000 : 100));
  body.end('two');
});
exports.five = 5;
`;

describe('`npm run local`', function () {
  this.timeout(15_000);

  const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  const files = {
    'index.cjs': BUNDLE,
    'import.cjs': 'require("not-there")',
    'source.ts': '',
    'modules/package.json': '{ "type": "module" }',
    'modules/exports.js': BUNDLE,
    'modules/whole.js': 'module.exports = { handler: async () => {} };',
    'modules/imports.js': 'const fs = require("node:fs");',
    'event.json': '{}',
    'hangs.json': '{ "hangs": true }',
    'fails.json': '{ "fails": true }',
    'http.json': '{ "http": true }',
    'broken.json': '{ "hangs"',
  };
  before(() => {
    mkdirSync(join(folder, 'modules'));
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  });
  after(() => rmSync(folder, { recursive: true }));

  const local = (...args: string[]): Promise<Run> => runIn({ INIT_CWD: folder }, 'local.js', ...args);

  it('shows the log as Lambda shows it, and what the caller gets', async () => {
    const { code, output } = await local(
      'index.handler',
      'event.json',
      '--memory',
      '512',
      '--env',
      'TABLE=orders',
    );
    expect(output)
      .to.match(/^START RequestId: [\da-f-]{36} Version: \$LATEST$/m)
      .and.match(/^\S+Z\t[\da-f-]{36}\tINFO\ttable orders 512 \nnext line$/m)
      .and.match(/^REPORT RequestId: .*\tMemory Size: 512 MB\tMax Memory Used: \d+ MB\tInit Duration: /m)
      .and.include('"done": true');
    expect(code, output).to.equal(0);
  });

  it('kills the function at its timeout, and runs the next event in a new process', async () => {
    const { code, output } = await local('index.handler', 'hangs.json', 'event.json', '--timeout', '0.5');
    expect(output)
      .to.match(/^\S+Z \S{36} Task timed out after 0\.50 seconds$/m)
      .and.match(/^REPORT .*\tStatus: timeout$/m)
      .and.include('"errorType": "Sandbox.Timedout"')
      .and.include('"done": true');
    expect(code).to.equal(1);
  });

  it('shows the error of a function that fails', async () => {
    const { code, output } = await local('index.handler', 'fails.json');
    expect(output).to.include('"errorType": "RangeError"').and.include('"errorMessage": "failed"');
    expect(code).to.equal(1);
  });

  it('shows a streamed response part by part with `--stream`, also where it is cut off', async () => {
    const { code, output } = await local(
      ...[
        'index.streaming',
        'event.json',
        'http.json',
        'hangs.json',
        'event.json',
        '--stream',
        '--timeout',
        '1',
      ],
    );
    const parts = [...output.matchAll(/^→ \d+ ms {2}(".*")$/gm)].map(([, part]) => part);
    const whole = ['"one "', '"two"'];
    expect(parts, output).to.deep.equal([...whole, ...whole, '"one "', ...whole]);
    expect(output).to.include('"statusCode": 201').and.include('Task timed out after 1.00 seconds');
    expect(code).to.equal(1);
  });

  it('shows a streamed response as a whole without `--stream`', async () => {
    const { output } = await local('index.streaming', 'event.json');
    expect(output).to.include('Stream\none two').and.not.include('→');
  });

  it('says that a function does not stream', async () => {
    const { output } = await local('index.handler', 'event.json', '--stream');
    expect(output).to.include('The handler does not stream. To stream, wrap it');
  });

  it('says that the real runtime client is missing, and runs the function with the embedded one', async () => {
    const copy = join(folder, 'samples');
    cpSync(built, copy, { recursive: true });
    writeFileSync(join(copy, 'package.json'), '{ "type": "module" }');
    const { code, output } = await runIn(
      { INIT_CWD: folder },
      join(copy, 'local.js'),
      'index.handler',
      'event.json',
    );
    expect(output).to.include('run `npm rebuild aws-lambda-ric`').and.include('"done": true');
    expect(code).to.equal(0);
  });

  describe('says what is missing or wrong, and the mend', () => {
    const run = ['index.handler', 'event.json'];
    for (const [what, args, message] of [
      ['no function', [], 'Which function? Write its file and its export: `dist/index.handler`.'],
      ['no event', ['index.handler'], 'Which event? Write a file of JSON'],
      [
        'no export',
        ['index', 'event.json'],
        '`index` names no export. Write it after the file’s name: `index.handler`.',
      ],
      ['the name of a file', ['index.js', 'event.json'], '`index.js` names no export.'],
      ['a file that is missing', ['none.handler', 'event.json'], `neither ${join(folder, 'none.js')}, nor`],
      ['a source', ['source.handler', 'event.json'], '`source.ts` is TypeScript'],
      [
        'an event that is missing',
        ['index.handler', 'no.json'],
        `There is no file \`${join(folder, 'no.json')}\``,
      ],
      [
        'an event that is no JSON',
        ['index.handler', 'broken.json'],
        `The event in \`${join(folder, 'broken.json')}\` cannot be read: `,
      ],
      [
        'an unknown option',
        [...run, '--timout', '3'],
        'There is no option `--timout`. There are: --timeout,',
      ],
      [
        'a timeout of 0',
        [...run, '--timeout', '0'],
        'number of seconds > 0 and <= 900, got `0`. Write `--timeout 3`.',
      ],
      ['a timeout without a value', [...run, '--timeout'], '<= 900, got nothing.'],
      ['too little memory', [...run, '--memory', '64'], 'from 128 to 10240, got `64`. Write `--memory 512`.'],
      ['a variable without a value', [...run, '--env', 'TABLE'], 'got `TABLE`. Write `--env TABLE=orders`.'],
      [
        'an export that is missing',
        ['index.handlr', 'event.json'],
        '`index` has no export `handlr`. It exports `handler`, `streaming`, `five`.',
      ],
      [
        'an export that is no function',
        ['index.five', 'event.json'],
        'What `index` exports as `five` is not a function.',
      ],
      ['an import that is missing', ['import.handler', 'event.json'], 'The file imports what is not there.'],
      ...['exports', 'whole', 'imports'].map(
        (name) =>
          [
            `CommonJS that Node takes for an ES module (${name})`,
            [`modules/${name}.handler`, 'event.json'],
            `because \`${join(folder, 'modules/package.json')}\` has \`"type": "module"\`. Name it \`${name}.cjs\`, `,
          ] as const,
      ),
    ] as const) {
      it(`for ${what}`, async () => {
        const { code, output } = await local(...args);
        expect(output).to.include(message);
        expect(code).to.equal(1);
      });
    }
  });
});
