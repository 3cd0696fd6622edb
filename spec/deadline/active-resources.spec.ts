import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import sinon from 'sinon';
import { countActiveResources } from '../../lib/deadline/active-resources.js';

describe('the active resources of a timeout (R17, R23)', () => {
  afterEach(() => sinon.restore());

  const waitFor = (types: string[]): sinon.SinonStub =>
    sinon.stub(process, 'getActiveResourcesInfo').returns(types);

  it('are counted anew for each timeout', () => {
    const list = waitFor(['TCPSocketWrap', 'TCPSocketWrap', 'TLSWrap']);
    expect(countActiveResources()).to.deep.equal({ TCPSocketWrap: 2, TLSWrap: 1 });
    list.returns(Array<string>(1000).fill('TCPSocketWrap'));
    expect(countActiveResources()).to.deep.equal({ TCPSocketWrap: 1000 });
    list.returns([]);
    expect(countActiveResources()).to.deep.equal({});
  });

  it('are counted once for thousands of invocations that time out at once', async () => {
    const list = waitFor(Array<string>(20_000).fill('TCPSocketWrap'));
    const startedAtMs = performance.now();
    expect(countActiveResources()).to.deep.equal({ TCPSocketWrap: 20_000 });
    const tookMs = performance.now() - startedAtMs;
    for (let count = 0; count < 10; count++) countActiveResources();
    expect(list.callCount).to.equal(1);
    await sleep(10 * tookMs + 1);
    countActiveResources();
    expect(list.callCount).to.equal(2);
  });
});
