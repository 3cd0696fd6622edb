import { AsyncLocalStorage, AsyncResource, executionAsyncId } from 'node:async_hooks';
import { expect } from 'chai';
import { MacrotaskQueue } from '../../lib/watchdog/macrotask-queue.js';
import { useLeftUncaught } from '../support/left-uncaught.js';

const context = (): AsyncResource => new AsyncResource('spec');

/** How many ports keep the event loop going. */
const activePorts = (): number =>
  process.getActiveResourcesInfo().filter((type) => type === 'MessagePort').length;

describe('the steps of an invocation that can be interrupted (R26)', () => {
  let steps: MacrotaskQueue;
  let ran: unknown[];
  const run = (name: unknown): void => steps.run(context(), () => ran.push(name));
  const ranAll = (count: number): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => void (ran.length < count ? setImmediate(look) : resolve());
      look();
    });

  const foreign = useLeftUncaught('uncaughtException');
  beforeEach(() => {
    steps = new MacrotaskQueue();
    ran = [];
  });

  it('run in the order in which they were given, also those that others give', async () => {
    run(1);
    steps.run(context(), () => {
      ran.push(2);
      run(5);
      run(6);
    });
    for (const name of [3, 4]) run(name);
    expect(ran).to.deep.equal([]);
    await ranAll(6);
    expect(ran).to.deep.equal([1, 2, 3, 4, 5, 6]);
  });

  it('are macrotasks of their own: what one leaves to microtasks and ticks runs before the next one', async () => {
    steps.run(context(), () => {
      ran.push('first');
      queueMicrotask(() => ran.push('microtask'));
      process.nextTick(() => ran.push('tick'));
    });
    run('second');
    await ranAll(4);
    expect(ran.at(0)).to.equal('first');
    expect(ran.at(-1)).to.equal('second');
  });

  it('run in the async context of the given resource, each in a resource of its own', async () => {
    const storage = new AsyncLocalStorage<string>();
    const resource = storage.run('of the invocation', context);
    const ids: number[] = [];
    for (let count = 0; count < 2; count++) {
      steps.run(resource, () => {
        ran.push(storage.getStore());
        ids.push(executionAsyncId());
      });
    }
    await ranAll(2);
    expect(ran).to.deep.equal(['of the invocation', 'of the invocation']);
    expect(new Set([...ids, resource.asyncId()]).size).to.equal(3);
  });

  it('keep the process alive until the last one has begun, and no longer', async () => {
    const before = activePorts();
    steps.run(context(), () => ran.push(activePorts() - before));
    expect(activePorts() - before).to.equal(1);
    steps.run(context(), () => ran.push(activePorts() - before));
    await ranAll(2);
    expect(ran).to.deep.equal([1, 0]);
  });

  it('keep the process alive also while another one is given', async () => {
    const before = activePorts();
    run(1);
    steps.run(context(), () => run(activePorts() - before));
    steps.run(context(), () => ran.push(activePorts() - before));
    await ranAll(3);
    expect(ran).to.deep.equal([1, 1, 1]);
  });

  it('do not run while they are held back, and all of them run afterwards', async () => {
    run(1);
    run(2);
    const held = await new Promise((resolve) => {
      steps.hold(() => resolve([...ran]));
    });
    run(3);
    await new Promise((resolve) => setImmediate(resolve));
    expect({ held, ran }).to.deep.equal({ held: [], ran: [] });
    steps.release();
    await ranAll(3);
    expect(ran).to.deep.equal([1, 2, 3]);
  });

  it('of which some have run, are held back in the same way', async () => {
    steps.run(context(), () => steps.hold(() => ran.push('held')));
    run(1);
    run(2);
    await ranAll(3);
    expect(new Set(ran)).to.deep.equal(new Set(['held']));
    steps.release();
    await ranAll(ran.length + 2);
    expect(ran.slice(-2)).to.deep.equal([1, 2]);
  });

  it('may be none, when a message comes that is too late', async () => {
    steps.hold(() => ran.push('held'));
    steps.release();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect({ ran, foreign }).to.deep.equal({ ran: [], foreign: [] });
  });

  it('are told of their being held back though there are none', async () => {
    await new Promise<void>((resolve) => steps.hold(resolve));
    steps.release();
    run(1);
    await ranAll(1);
    expect(ran).to.deep.equal([1]);
  });
});
