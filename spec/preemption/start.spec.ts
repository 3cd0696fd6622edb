import { expect } from 'chai';
import { programsOf } from '../support/programs.js';

const { run } = programsOf(import.meta.url);

/** How ready the watchdog was after each wait of the thread that defines two classes: 1 if it watches, 2 if it has looked. */
async function readyAfterWaits(megabytes: string, preempt = 'with', cpu = 'enough'): Promise<number[]> {
  const { code, stdout, stderr } = await run('start-program', [megabytes, preempt, cpu]);
  expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
  return JSON.parse(stdout[0] ?? '');
}

describe('the start of the watchdog (R28)', function () {
  this.timeout(30_000);

  for (const megabytes of ['128', '1768']) {
    it(`makes the thread wait with ${megabytes} MB until it has looked once, because that would take CPU time of the first invocation later`, async () => {
      expect(await readyAfterWaits(megabytes)).to.deep.equal([1, 2]);
    });
  }

  it('interrupts no init phase that is kept from going on once it has been looked at', async () => {
    expect(await readyAfterWaits('128', 'with', 'scarce')).to.deep.equal([1, 2]);
  });

  for (const megabytes of ['1769', '10240', '']) {
    it(`does not make the thread wait with a whole CPU (${megabytes || 'unknown'} MB)`, async () => {
      expect(await readyAfterWaits(megabytes)).to.deep.equal([]);
    });
  }

  it('does not make the thread wait without `preempt`', async () => {
    expect(await readyAfterWaits('128', 'without')).to.deep.equal([]);
  });
});
