import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { runInThisContext } from 'node:vm';
import { expect } from 'chai';
import { transformSync } from 'esbuild';
import sinon from 'sinon';

import { Finally, GracefulTimeout } from '../../lib/index.js';
import { writeErrorStacks } from '../../lib/report/error-stacks.js';
import { sizeOfMap } from '../../lib/report/source-map.js';
import { captureFew, captureTrace, framesOf, setStack, type Trace } from '../../lib/report/stack.js';
import { StackBudget } from '../../lib/report/stack-budget.js';
import { writeStacks } from '../../lib/report/written-stacks.js';
import { FakeContext } from '../support/context.js';
import { expectRejection } from '../support/expect-rejection.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { enlarge } from '../support/source-map.js';

const FOLDER = fileURLToPath(new URL('../../../mapped', import.meta.url));

const budgetOf = (ms: number): StackBudget => new StackBudget(performance.now() + ms * 10);

/** A program that times out, and prints what the timeout shows. Each line is told by what it begins with. */
const SOURCE = `
import { currentDeadline, GracefulTimeout } from 'lambda-graceful-timeout';

interface Orders { handler(event: object, context: object): Promise<never> }
class Orders {
  async handler(): Promise<never> {
    const { race } = currentDeadline();
    await race.call(currentDeadline(), new Promise(() => {})).catch(() => fail());
    throw new Error();
  }
}

function fail(): never {
  const errors: Error[] = [new TypeError('first'), Object.assign(new Error('second'), { code: 'E2' })];
  try {
    Buffer.alloc('x' as never);
  } catch (cause) {
    throw new AggregateError(errors, 'order failed', { cause });
  }
}

const prepare = process.argv[2] === 'own' ? Error.prepareStackTrace : undefined;
if (prepare) Error.prepareStackTrace = (error, sites) => 'Own ' + prepare(error, sites);
const logger = { error(_: string, error: Error): void { shown = show(error) }, warn(): void {} };
const show = (error: any): unknown => ({
  stack: error.stack,
  ...(error.cause && { cause: show(error.cause) }),
  ...(error.errors && { errors: error.errors.map(show) }),
  ...(error.pending && { startedAt: error.pending[0].startedAt }),
});
let shown: unknown;
const descriptor: any = Object.getOwnPropertyDescriptor(Orders.prototype, 'handler');
GracefulTimeout({ marginMs: 10_000, logger })(Orders.prototype, 'handler', descriptor);
Object.defineProperty(Orders.prototype, 'handler', descriptor);
new Orders().handler({}, { getRemainingTimeInMillis: () => 10_300 }).catch(() => console.log(JSON.stringify(shown)));
if (process.argv[2] === 'frozen') Object.freeze(Error);
`;

interface Shown {
  readonly stack: string;
  readonly startedAt: string;
  readonly cause: Shown;
  readonly errors: Shown[];
}

/** Compiles the program, with a source map that is larger by a number of bytes, and runs it as in a function of 128 MB. */
function run(bytes: number, how = 'as Node does'): Shown {
  const file = join(FOLDER, `app-${bytes}.mjs`);
  const { code, map } = transformSync(SOURCE, { loader: 'ts', sourcemap: 'external', sourcefile: 'app.ts' });
  writeFileSync(`${file}.map`, enlarge(map, bytes));
  writeFileSync(file, `${code}//# sourceMappingURL=app-${bytes}.mjs.map\n`);
  const env = { ...process.env, AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128' };
  return JSON.parse(
    execFileSync(process.execPath, ['--enable-source-maps', file, how], { encoding: 'utf8', env }),
  );
}

const OF_NODE = 'The "size" argument must be of type number. Received type string (\'x\')';

const stacksIn = ({ cause }: Shown): string[] =>
  [cause, cause.cause, ...cause.errors].map(({ stack }) => stack);

describe('with source maps (R12)', () => {
  before(() => mkdirSync(FOLDER, { recursive: true }));

  describe('a timeout', function () {
    this.timeout(20_000);

    for (const how of ['as Node does', 'own']) {
      const isOwn = how === 'own';

      it(`has mapped stacks where that takes little time (${how})`, () => {
        const shown = run(0, how);
        expect(shown.startedAt).to.match(/^at Orders\.handler \(.*app\.ts:\d+:\d+\)/);
        for (const stack of stacksIn(shown)) expect(stack).to.match(/at fail \(.*app\.ts:\d+:\d+\)\n/);
      });

      it(`has unmapped stacks where that takes long, with the first lines of Node (${how})`, () => {
        const shown = run(2e6, how);
        expect(shown.startedAt).to.match(/^at Orders\.handler \(file:.*app-2000000\.mjs:\d+:\d+\)/);
        expect(stacksIn(shown).map((stack) => stack.split('\n    at ')[0])).to.deep.equal([
          'AggregateError: order failed',
          isOwn ? `TypeError: ${OF_NODE}` : stacksIn(run(0, how))[1]?.split('\n    at ')[0],
          'TypeError: first',
          'Error: second',
        ]);
        for (const stack of stacksIn(shown))
          expect(stack).to.match(/at fail \(file:.*app-2000000\.mjs:\d+:\d+\)\n/);
      });
    }

    it('has unmapped stacks if `Error` is frozen, because nobody can see what a map would cost', () => {
      const shown = run(0, 'frozen');
      expect(shown.startedAt).to.match(/^at Orders\.handler \(file:.*app-0\.mjs:\d+:\d+\)/);
    });
  });

  describe('the size of a map', () => {
    const sizeIn = (name: string, text: string): number => {
      const file = join(FOLDER, name);
      writeFileSync(file, text);
      expect(sizeOfMap(pathToFileURL(file).href)).to.equal(sizeOfMap(file));
      return sizeOfMap(file);
    };
    const base64 = (bytes: number): string => Buffer.alloc(bytes, '{"mappings":').toString('base64');

    it('is that of the file that the last comment names', () => {
      writeFileSync(join(FOLDER, 'other.map'), 'x'.repeat(5000));
      const before = '//# sourceMappingURL=none.map\n';
      expect(sizeIn('odd.js', '//#  sourceMappingURL=other.map')).to.equal(5000);
      expect(sizeIn('text.js', "//# sourceMappingURL=other.map\nf(' sourceMappingURL=none.map')")).to.equal(
        5000,
      );
      expect(sizeIn('named.js', `${before}f();\n//# sourceMappingURL=other.map\n//# debugId=1\n`)).to.equal(
        5000,
      );
    });

    it('is found also if something was added after the comment', () => {
      const url = `data:application/json;base64,${base64(100_000)}`;
      for (const added of [' '.repeat(10_000), '\n', `\n${'// added\n'.repeat(5000)}`]) {
        const size = sizeIn('added.js', `f();\n//# sourceMappingURL=${url}${added}`);
        expect(size).to.be.at.least(url.length);
      }
      writeFileSync(join(FOLDER, 'far.map'), 'x'.repeat(5000));
      for (const added of [5000, 10_000, 100_000]) {
        const far = `f();\n//# sourceMappingURL=far.map\n${'// added\n'.repeat(added)}`;
        expect(sizeIn('far.js', far)).to.equal(5000);
      }
      for (let before = 0; before < 30; before++) {
        const atTheEdge = `f();\n//# sourceMappingURL=far.map\n${';'.repeat(65_536 - before)}`;
        expect(sizeIn('edge.js', atTheEdge)).to.equal(5000);
      }
    });

    it('is that of the map within the file, or not much more', () => {
      for (const bytes of [300, 30_000]) {
        const url = `data:application/json;base64,${base64(bytes)}`;
        expect(sizeIn('within.js', `f();\n//# sourceMappingURL=${url}\n`)).to.be.within(
          url.length,
          url.length + 50,
        );
      }
    });

    it('counts as that of the file where much comes after the comment', () => {
      const within = `f();\n//# sourceMappingURL=data:application/json,{}\n${'// added\n'.repeat(10_000)}`;
      expect(sizeIn('within.js', within)).to.equal(within.length);
      writeFileSync(join(FOLDER, 'far.map'), 'x'.repeat(5000));
      const far = `f();\n//# sourceMappingURL=far.map\n${'// added\n'.repeat(200_000)}`;
      expect(sizeIn('far.js', far)).to.equal(far.length);
    });

    it('is 0 where there is none', () => {
      const code = 'export const f = () => {};\n'.repeat(1000);
      expect(sizeIn('none.js', code)).to.equal(0);
      expect(sizeIn('asset.js', `const f = '${base64(300)}';`)).to.equal(0);
      expect(sizeIn('missing.js', `${code}//# sourceMappingURL=missing.map`)).to.equal(0);
      expect(sizeIn('remote.js', `${code}//# sourceMappingURL=https://example.com/app.js.map`)).to.equal(0);
    });

    it('is found without leaving a file open', () => {
      const fileNumber = (): number => {
        const file = openSync(FOLDER, 'r');
        closeSync(file);
        return file;
      };
      const before = fileNumber();
      sizeIn('closed.js', 'f();');
      expect(fileNumber()).to.equal(before);
    });

    it('is without limit for what is not on disk', () => {
      for (const file of ['/nowhere/app.js', 'webpack://app/index.ts', 'file://%', '']) {
        expect(sizeOfMap(file), file).to.equal(Number.POSITIVE_INFINITY);
      }
    });
  });

  describe('the time for stacks', () => {
    const MEMORY = 'AWS_LAMBDA_FUNCTION_MEMORY_SIZE';
    const before = process.env[MEMORY];
    let files = 0;
    /** A file with a map of a size, which no other spec has seen. */
    const mapped = (bytes: number): ReadonlySet<string> => {
      const file = join(FOLDER, `budget-${++files}.js`);
      writeFileSync(`${file}.map`, 'x'.repeat(bytes));
      writeFileSync(file, `//# sourceMappingURL=${file}.map`);
      return new Set([file]);
    };
    const isMapped = (seen: boolean): boolean => seen;
    const setMemory = (megabytes: string | undefined): void => {
      if (megabytes === undefined) delete process.env[MEMORY];
      else process.env[MEMORY] = megabytes;
    };
    beforeEach(() => setMemory(undefined));
    afterEach(() => setMemory(before));

    it('is a tenth of what is left, and is less with a part of a CPU', () => {
      expect(budgetOf(1000).spend(mapped(1e5), isMapped)).to.equal(true);
      const large = mapped(1.1e7);
      expect(budgetOf(1000).spend(large, isMapped)).to.equal(false);
      expect(budgetOf(1000).spend(large, isMapped), 'it was not parsed').to.equal(false);
      setMemory('1769');
      expect(budgetOf(1000).spend(mapped(1e6), isMapped)).to.equal(true);
      setMemory('128');
      expect(budgetOf(1000).spend(mapped(1e6), isMapped)).to.equal(false);
    });

    it('may be used up, by all files together', () => {
      const { prepareStackTrace } = Error;
      const clock = sinon.useFakeTimers({ toFake: ['performance'] });
      try {
        const files = () => new Set([...mapped(4e4), ...mapped(6e4)]);
        const more = new Set([...mapped(4e4), ...mapped(6e4 + 1)]);
        expect(budgetOf(10).spend(more, isMapped)).to.equal(false);
        expect(budgetOf(10).spend(files(), isMapped)).to.equal(true);
        // A parser of the program takes four times as long.
        Error.prepareStackTrace = function ofProgram() {};
        expect(budgetOf(39).spend(files(), isMapped)).to.equal(false);
        expect(budgetOf(40).spend(files(), isMapped)).to.equal(true);
      } finally {
        Error.prepareStackTrace = prepareStackTrace;
        clock.restore();
      }
    });

    it('is nothing once the hook deadline has passed', () => {
      expect(budgetOf(-1000).spend(mapped(1), isMapped)).to.equal(false);
    });

    it('is not needed for a map that has been parsed, nor for a file that has none', () => {
      const file = mapped(1e5);
      budgetOf(1000).spend(file, isMapped);
      expect(budgetOf(0).spend(file, isMapped)).to.equal(true);
      expect(budgetOf(0).spend(new Set(), isMapped)).to.equal(true);
    });

    it('is what the stacks before have left of it', () => {
      const budget = budgetOf(1000);
      budget.spend(mapped(1), isMapped);
      expect(budget.spend(mapped(1e5), isMapped)).to.equal(true);
    });

    it('is shared by all stacks of an invocation, those that fail as well', () => {
      const budget = budgetOf(100);
      expect(() =>
        budget.spend(mapped(1), () => {
          const until = performance.now() + 110;
          while (performance.now() < until);
          throw new Error('no stack');
        }),
      ).to.throw('no stack');
      expect(budget.spend(mapped(1), isMapped)).to.equal(false);
    });

    it('does not matter where the parsed map would need too much of the memory', () => {
      setMemory('128');
      expect(budgetOf(1e6).spend(mapped(1.28e6), isMapped)).to.equal(true);
      expect(budgetOf(1e6).spend(mapped(1.28e6 + 1), isMapped)).to.equal(false);
    });
  });

  describe('in a program with its own `prepareStackTrace`', () => {
    const { prepareStackTrace, captureStackTrace } = Error;
    afterEach(() => {
      Error.prepareStackTrace = prepareStackTrace;
      Error.captureStackTrace = captureStackTrace;
    });

    /** What has been written of an error when there is no time to map it. */
    const unmapped = (error: Error): string => String(writeStacks([error], budgetOf(0))[0]);

    it('that is not called where there is no time for it, since it may take as long as it likes', () => {
      let calls = 0;
      Error.prepareStackTrace = () => String(calls++);
      const error = new RangeError('too far');
      expect(unmapped(error)).to.match(/^RangeError: too far\n {4}at \S/);
      expect(error.stack).to.match(/^RangeError: too far\n {4}at \S/);
      expect(calls).to.equal(0);
    });

    it('that takes long, only one stack is written with it', () => {
      let calls = 0;
      Error.prepareStackTrace = () => {
        const until = performance.now() + 250;
        while (performance.now() < until);
        return `slow ${calls++}`;
      };
      const budget = budgetOf(200);
      const [first, second, third] = ['1', '2', '3'].map((message) =>
        String(writeStacks([new RangeError(message)], budget)[0]),
      );
      expect(first).to.equal('slow 0');
      expect(second).to.match(/^RangeError: 2\n {4}at \S/);
      expect(third).to.match(/^RangeError: 3\n {4}at \S/);
      expect(calls).to.equal(1);
    });

    it('that throws, there is no stack where there is time to map it', () => {
      Error.prepareStackTrace = () => {
        throw new Error('no frames');
      };
      const { spend } = { spend: <Result>(_: unknown, write: (isMapped: boolean) => Result) => write(true) };
      expect(writeStacks([new RangeError('too far')], { spend } as unknown as StackBudget)).to.deep.equal([]);
    });

    it('that throws, the stack of a timeout begins at its caller nevertheless', () => {
      Error.prepareStackTrace = () => {
        throw new Error('no frames');
      };
      const entry = (): Error => {
        const error = new Error('timed out');
        setStack(error, budgetOf(0), entry);
        return error;
      };
      expect(entry().stack).to.match(/^Error: timed out\n {4}at /);
    });

    it('the code of `eval` with a name of its own is not mapped, because its map is nowhere to be seen', () => {
      Error.prepareStackTrace = () => 'own';
      const nowhere = runInThisContext('(code) => eval(code)')(
        '() => new Error("x")\n//# sourceURL=evaluated.ts',
      );
      expect(String(writeStacks([nowhere()], budgetOf(1e6))[0])).to.match(
        /^Error: x\n {4}at eval \(evaluated\.ts:1:7\)\n/,
      );
      const unnamed = runInThisContext('(code) => eval(code)')('() => new Error("x")');
      expect(writeStacks([unnamed()], budgetOf(1e6))).to.deep.equal(['own']);
    });

    it('an error is written once, before a logger reads it, with those in its fields', () => {
      const written: string[] = [];
      const refuse = (): never => {
        throw new Error('refused');
      };
      const proxy = new Proxy(new Error('hidden'), { ownKeys: refuse });
      const getter = Object.defineProperty(new Error('read'), 'stack', { get: refuse });
      const others = [1, new Error('other')];
      const fields = { cause: proxy, getter, others, last: new Error('last'), self: undefined as unknown };
      const error = Object.assign(new Error('first'), fields);
      error.self = error;
      Error.prepareStackTrace = ({ message }) => String(written.push(message));
      writeErrorStacks(error, budgetOf(1000));
      writeErrorStacks('text', budgetOf(1000));
      writeErrorStacks(Object.defineProperty({}, 'stack', { get: () => written.push('{}') }), budgetOf(1000));
      Error.prepareStackTrace = prepareStackTrace;
      // Up to Node 20 a proxy has the stack of its error.
      expect(written.filter((message) => message !== 'hidden')).to.deep.equal(['first', 'other', 'last']);
    });

    describe('that cannot be replaced, so that nobody sees what a map would cost', () => {
      const areEnabled = process.sourceMapsEnabled;
      let written: boolean[];
      beforeEach(() => {
        written = [];
        process.setSourceMapsEnabled(true);
        const prepare = () => String(written.push(process.sourceMapsEnabled));
        Object.defineProperty(Error, 'prepareStackTrace', { configurable: true, get: () => prepare });
      });
      afterEach(() => {
        Object.defineProperty(Error, 'prepareStackTrace', {
          value: prepareStackTrace,
          configurable: true,
          writable: true,
          enumerable: true,
        });
        process.setSourceMapsEnabled(areEnabled);
      });

      it('a stack is written without maps, which are on again afterwards', () => {
        expect(writeStacks([new Error('first')], budgetOf(1e6))).to.deep.equal(['1']);
        expect(written).to.deep.equal([false]);
        expect(process.sourceMapsEnabled).to.equal(true);
      });

      it('maps stay off if they were', () => {
        process.setSourceMapsEnabled(false);
        expect(writeStacks([new Error('first')], budgetOf(1e6))).to.deep.equal(['1']);
        expect(process.sourceMapsEnabled).to.equal(false);
      });
    });

    it('a `prepareStackTrace` that cannot be read harms nobody', () => {
      const property = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace') as PropertyDescriptor;
      const get = (): never => {
        throw new Error('unreadable');
      };
      Object.defineProperty(Error, 'prepareStackTrace', { configurable: true, get });
      try {
        writeErrorStacks(new Error('first'), budgetOf(1000));
        const capture = (): Trace => captureTrace(capture);
        expect(framesOf(capture(), budgetOf(1000))).to.deep.equal([]);
      } finally {
        Object.defineProperty(Error, 'prepareStackTrace', property);
      }
    });

    it('a long list in an error is not read to its end', () => {
      Error.prepareStackTrace = () => 'own';
      const records: unknown[] = Array.from({ length: 1000 }, () => 'record');
      let reads = 0;
      Object.defineProperty(records, 500, { get: () => reads++ });
      writeErrorStacks(Object.assign(new Error('first'), { records }), budgetOf(1000));
      expect(reads).to.equal(0);
    });

    it('at most 20 errors are written', () => {
      let written = 0;
      Error.prepareStackTrace = () => String(written++);
      writeErrorStacks(
        new AggregateError(Array.from({ length: 30 }, () => new Error('one'))),
        budgetOf(1000),
      );
      expect(written).to.equal(20);
    });
  });

  it('no time is asked for where nothing is mapped, and a stack is not written before a logger reads it', () => {
    const areEnabled = process.sourceMapsEnabled;
    const { prepareStackTrace } = Error;
    process.setSourceMapsEnabled(false);
    const spend = () => expect.fail('it was asked for');
    const read = sinon.fake();
    const unread = Object.defineProperty(new Error('unread'), 'stack', { get: read });
    for (const prepare of [prepareStackTrace, undefined]) {
      Object.assign(Error, { prepareStackTrace: prepare });
      const budget = { spend } as unknown as StackBudget;
      const [stack] = writeStacks([new RangeError('too far')], budget);
      expect(stack).to.match(/^RangeError: too far\n {4}at /);
      writeErrorStacks(unread, budget);
    }
    Error.prepareStackTrace = prepareStackTrace;
    process.setSourceMapsEnabled(areEnabled);
    expect(read.callCount).to.equal(0);
  });

  it('the code of this package is left out of a stack, also where it has no name', () => {
    const { href } = new URL('../../lib/', import.meta.url);
    const stack = `Error: late\n    at ${href}deadline/deadline.js:1:2\n    at order (file:///app.js:1:2)`;
    expect(framesOf({ stack }, budgetOf(1000))).to.deep.equal(['at order (file:///app.js:1:2)']);
  });

  it('an error of this package has no frames, which the runtime client would map', async () => {
    class Orders {
      @GracefulTimeout({ marginMs: 1000, logger: new RecordingLogger() })
      async handler(_event: unknown, _context: unknown): Promise<void> {}

      @Finally
      protected close(): void {
        throw new RangeError('not closed');
      }

      @Finally
      protected flush(): void {
        throw new RangeError('not flushed');
      }
    }
    const { stack } = (await expectRejection(new Orders().handler({}, new FakeContext(9000)))) as Error;
    expect(stack).to.equal('AggregateError: 2 @Finally hooks of Orders.handler failed');
  });

  it('a program without `captureStackTrace` gets an error without frames', () => {
    const { captureStackTrace } = Error;
    Reflect.deleteProperty(Error, 'captureStackTrace');
    try {
      const error = new RangeError('too far');
      setStack(error, budgetOf(0), captureFew);
      expect(error.stack).to.equal('RangeError: too far');
    } finally {
      Error.captureStackTrace = captureStackTrace;
    }
  });
});
