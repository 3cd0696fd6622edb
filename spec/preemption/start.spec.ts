import { expect } from 'chai';
import { run } from './programs.js';

/** Whether the watchdog was ready after each wait of the thread that defines two classes. */
async function isReadyAfterWaits(megabytes: string, preempt = 'with'): Promise<boolean[]> {
  const { code, stdout, stderr } = await run('start-program', [megabytes, preempt]);
  expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
  return JSON.parse(stdout[0] ?? '');
}

describe('the start of the watchdog (R28)', function () {
  this.timeout(30_000);

  for (const megabytes of ['128', '1768']) {
    it(`makes the thread wait once with ${megabytes} MB, because it would take CPU time of the first invocation later`, async () => {
      expect(await isReadyAfterWaits(megabytes)).to.deep.equal([true]);
    });
  }

  for (const megabytes of ['1769', '10240', '']) {
    it(`does not make the thread wait with a whole CPU (${megabytes || 'unknown'} MB)`, async () => {
      expect(await isReadyAfterWaits(megabytes)).to.deep.equal([]);
    });
  }

  it('does not make the thread wait without `preempt`', async () => {
    expect(await isReadyAfterWaits('128', 'without')).to.deep.equal([]);
  });
});
