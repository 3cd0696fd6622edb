import { once } from 'node:events';
import { connect } from 'node:net';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setInterval as every, setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { currentDeadline, LambdaTimeoutError } from '../../lib/index.js';
import { gate } from '../support/gate.js';
import { type CutOff, cutOff } from './cut-off.js';
import { Driver } from './driver.js';
import { leavingNothingOpen } from './left-open.js';
import { SilentServer } from './silent-server.js';

describe('An API of Node that is given the signal (R24)', function () {
  this.timeout(10_000);
  leavingNothingOpen();

  const expectCancelled = ({ error, rejection, warnings }: CutOff): void => {
    expect(error).to.be.instanceOf(LambdaTimeoutError);
    expect(rejection).to.include({ name: 'AbortError', cause: error });
    expect(warnings).to.deep.equal([]);
  };

  it('net.connect: the socket is destroyed, and what waits for it rejects with an AbortError whose cause is the timeout', async () => {
    const server = await SilentServer.start();
    const { opened: hanging, open: hang } = gate();
    const work = async (signal: AbortSignal) => {
      const socket = connect({ port: server.port, host: '127.0.0.1', signal });
      await once(socket, 'data');
      hang();
      await once(socket, 'data');
    };
    expectCancelled(await cutOff(work, hanging));
    await server.closed;
    await server.stop();
  });

  it('events.once: it rejects in the same way, and the socket stays open', async () => {
    const server = await SilentServer.start();
    const socket = connect(server.port, '127.0.0.1');
    const { opened: hanging, open: hang } = gate();
    const work = async (signal: AbortSignal) => {
      await once(socket, 'data');
      hang();
      await once(socket, 'data', { signal });
    };
    expectCancelled(await cutOff(work, hanging));
    expect(socket.destroyed).to.equal(false);
    socket.destroy();
    await server.stop();
  });

  it('stream/promises pipeline: all its streams are destroyed, and it rejects in the same way', async () => {
    const server = await SilentServer.start();
    const socket = connect(server.port, '127.0.0.1');
    const { opened: hanging, open: hang } = gate();
    const sink = new Writable({
      write(_chunk, _encoding, done) {
        done();
        hang();
      },
    });
    expectCancelled(await cutOff((signal) => pipeline(socket, sink, { signal }), hanging));
    await server.closed;
    expect([socket.destroyed, sink.destroyed]).to.deep.equal([true, true]);
    await server.stop();
  });

  it('timers/promises setTimeout: the timer is cleared, and it rejects in the same way', async () => {
    expectCancelled(await cutOff((signal) => sleep(60_000, undefined, { signal }), Promise.resolve()));
  });

  it('timers/promises setInterval: the timer is cleared, and its loop ends in the same way', async () => {
    const { opened: hanging, open: hang } = gate();
    const work = async (signal: AbortSignal) => {
      for await (const _ of every(1, undefined, { signal })) hang();
    };
    expectCancelled(await cutOff(work, hanging));
  });

  it('a driver without support for signals: it rejects with the error that its socket is destroyed with', async () => {
    const server = await SilentServer.start();
    const { opened: hanging, open: hang } = gate();
    const work = async (signal: AbortSignal) => {
      const driver = await Driver.connect(server.port);
      signal.addEventListener('abort', () => driver.destroy(signal.reason));
      hang();
      return driver.query('a question that takes long');
    };
    const { error, rejection, warnings } = await cutOff(work, hanging);
    await server.closed;
    await server.stop();
    expect(error).to.be.instanceOf(LambdaTimeoutError);
    expect(rejection).to.equal(error);
    expect(warnings).to.deep.equal([]);
  });

  it('a driver without support for signals, in a race: the handler stops waiting, and the connection stays open', async () => {
    const server = await SilentServer.start();
    const { opened: hanging, open: hang } = gate();
    let driver: Driver | undefined;
    const work = async () => {
      driver = await Driver.connect(server.port);
      hang();
      return currentDeadline().race(driver.query('a question that takes long'));
    };
    const { error, rejection, warnings } = await cutOff(work, hanging);
    expect(error).to.be.instanceOf(LambdaTimeoutError);
    expect(rejection).to.equal(error);
    expect(warnings).to.deep.equal([]);
    expect(driver?.isOpen).to.equal(true);
    driver?.destroy(error);
    await server.closed;
    await server.stop();
  });
});
