import { expect } from 'chai';
import { keepErrorProperties } from '../../lib/watchdog/interrupted-stack.js';
import { askForSignsOfLife, isOfHalfMadePort } from '../../lib/watchdog/node/signs-of-life.js';

describe('what an interruption may leave behind (R0, R27a)', () => {
  for (const isThere of [true, false]) {
    it(`is no property of Error: one that was ${isThere ? '' : 'not '}there`, () => {
      const before = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
      const own = () => 'of the program';
      Reflect.deleteProperty(Error, 'prepareStackTrace');
      if (isThere) Error.prepareStackTrace = own;
      const putBack = keepErrorProperties();
      Error.prepareStackTrace = () => 'of a look';
      putBack();
      const after = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace')?.value;
      if (before) Object.defineProperty(Error, 'prepareStackTrace', before);
      else Reflect.deleteProperty(Error, 'prepareStackTrace');
      expect(after).to.equal(isThere ? own : undefined);
    });
  }

  it('is noticed: each part of Node gives a sign of life', async () => {
    const isWhole = await new Promise<boolean>((resolve) => {
      const missing = askForSignsOfLife(false, () =>
        setImmediate(() => missing().length === 0 && resolve(true)),
      );
      expect(missing()).to.include.members(['setTimeout', 'setImmediate', 'process.nextTick', 'await']);
      expect(missing()).not.to.include('createHook');
    });
    expect(isWhole).to.equal(true);
  });

  it('may be a half-made port, whose error is told by the function of Node that closes it', () => {
    const failure = new TypeError('no listener');
    expect(isOfHalfMadePort(failure)).to.equal(false);
    failure.stack = 'TypeError\n    at MessagePort.onclose (node:internal/worker/io:1:1)';
    expect(isOfHalfMadePort(failure)).to.equal(true);
    expect(isOfHalfMadePort(new Error('of the program'))).to.equal(false);
  });
});
