import { expect } from 'chai';
import { run } from './programs.js';

/** Whether the watchdog watched after each wait of the thread that has defined two classes. */
async function isReadyAfterWaits(megabytes: string, preempt = 'with'): Promise<boolean[]> {
  const { code, stdout, stderr } = await run('start-program', [megabytes, preempt]);
  expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
  return JSON.parse(stdout[0] ?? '');
}

describe('the start of the watchdog (R28)', function () {
  this.timeout(30_000);

  for (const megabytes of ['128', '1768']) {
    it(`is waited for, once, in a function of ${megabytes} MB, whose share of the CPU it would take later`, async () => {
      expect(await isReadyAfterWaits(megabytes)).to.deep.equal([true]);
    });
  }

  for (const megabytes of ['1769', '10240', '']) {
    it(`is not waited for with a whole CPU, ${megabytes || 'no'} MB`, async () => {
      expect(await isReadyAfterWaits(megabytes)).to.deep.equal([]);
    });
  }

  it('is not waited for without `preempt`', async () => {
    expect(await isReadyAfterWaits('128', 'without')).to.deep.equal([]);
  });
});
