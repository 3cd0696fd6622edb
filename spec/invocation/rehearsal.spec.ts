import { expect } from 'chai';
import sinon from 'sinon';
import { countTimers } from '../../lib/deadline/timer.js';
import { GracefulTimeout } from '../../lib/index.js';
import { rehearse } from '../../lib/invocation/rehearsal.js';
import { sharedSymbol } from '../../lib/shared.js';

const MEMORY = 'AWS_LAMBDA_FUNCTION_MEMORY_SIZE';

describe('the rehearsal of an invocation (R28)', () => {
  const values = globalThis as { [key: symbol]: unknown };
  const key = sharedSymbol('rehearsal');
  const { [MEMORY]: megabytes } = process.env;
  beforeEach(() => {
    Reflect.deleteProperty(values, key);
  });
  afterEach(() => {
    sinon.restore();
    if (megabytes === undefined) delete process.env[MEMORY];
    else process.env[MEMORY] = megabytes;
  });

  it('takes place once where the function has a part of a CPU, and says nothing', async () => {
    const written = sinon.stub(console, 'warn');
    process.env[MEMORY] = '1768';
    const before = countTimers();
    rehearse();
    rehearse();
    expect(countTimers() - before, 'that of its deadline').to.equal(1);
    expect(values[key], 'nothing of it is kept').to.equal(true);
    await new Promise(setImmediate);
    expect(countTimers()).to.equal(before);
    expect(written.callCount).to.equal(0);
  });

  it('does not take place with fake timers, which a test may move', () => {
    process.env[MEMORY] = '128';
    sinon.useFakeTimers();
    rehearse();
    expect(values).not.to.have.property(key);
  });

  it('fails silently', async () => {
    process.env[MEMORY] = '128';
    const unhandled = sinon.spy();
    process.on('unhandledRejection', unhandled);
    sinon.stub(globalThis, 'setTimeout').throws(new Error('no timers'));
    expect(rehearse).not.to.throw();
    sinon.restore();
    sinon.stub(performance, 'now').throws(new Error('no clock'));
    Reflect.deleteProperty(values, key);
    expect(rehearse).not.to.throw();
    sinon.restore();
    await new Promise(setImmediate);
    process.off('unhandledRejection', unhandled);
    expect(unhandled.args).to.deep.equal([]);
  });

  it('takes place when a handler is decorated', () => {
    process.env[MEMORY] = '128';
    class Orders {
      @GracefulTimeout(1000)
      async handler(_event: unknown, _context: unknown): Promise<void> {}
    }
    expect(Orders.name).to.equal('Orders');
    expect(values).to.have.property(key);
  });

  it('does not take place where it has a whole one, or is not told', () => {
    for (const memory of ['1769', undefined]) {
      if (memory === undefined) delete process.env[MEMORY];
      else process.env[MEMORY] = memory;
      rehearse();
      expect(values).not.to.have.property(key);
    }
  });
});
