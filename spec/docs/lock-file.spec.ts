import { expect } from 'chai';
import { read } from './repository.js';

interface Installed {
  readonly engines?: { readonly node?: string };
  /** Left out where it does not fit, without a word. */
  readonly optional?: boolean;
}

describe('package-lock.json', () => {
  it('installs what works on the oldest Node here, without a warning of npm that says otherwise', () => {
    const { engines } = JSON.parse(read('package.json'));
    const oldest = Number(engines.node.replace('>=', ''));
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Installed> };
    expect(packages).to.include.keys('node_modules/aws-lambda-ric', 'node_modules/@middy/core');
    const newer = Object.entries(packages).filter(([path, { engines: { node = '' } = {}, optional }]) => {
      const [, major = 0] = /^>=\s*(\d+)/.exec(node) ?? [];
      return Number(major) > oldest && (!optional || path === 'node_modules/aws-lambda-ric');
    });
    expect(newer.map(([path, { engines: asks }]) => `${path}: ${asks?.node}`)).to.deep.equal([]);
  });
});
