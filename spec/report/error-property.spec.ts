import { expect } from 'chai';
import { withErrorProperty } from '../../lib/report/error-property.js';

describe('a property of Error that is set for a while (R0)', () => {
  const NAME = 'prepareStackTrace';
  const own = () => 'own';
  const before = Object.getOwnPropertyDescriptor(Error, NAME);
  afterEach(() => {
    Reflect.deleteProperty(Error, NAME);
    if (before) Object.defineProperty(Error, NAME, before);
  });

  const isSet = () => withErrorProperty(NAME, own, (isSet) => [isSet, Error[NAME] === own]);

  it('is what it was afterwards, also if the code throws', () => {
    const others = () => 'others';
    Error[NAME] = others;
    expect(isSet()).to.deep.equal([true, true]);
    expect(Error[NAME]).to.equal(others);
    expect(() =>
      withErrorProperty(NAME, own, () => {
        throw new Error('failed');
      }),
    ).to.throw('failed');
    expect(Error[NAME]).to.equal(others);
  });

  it('stays what the code has put there', () => {
    const others = () => 'others';
    withErrorProperty(NAME, own, () => {
      Error[NAME] = others;
    });
    expect(Error[NAME]).to.equal(others);
  });

  it('is gone afterwards if it was not there', () => {
    Reflect.deleteProperty(Error, NAME);
    expect(isSet()).to.deep.equal([true, true]);
    expect(Object.hasOwn(Error, NAME)).to.equal(false);
  });

  it('is said not to be set where a program does not let others set it', () => {
    const set = () => {
      throw new Error('refused');
    };
    for (const descriptor of [
      { value: undefined, writable: false },
      { get: () => undefined, set },
    ]) {
      Object.defineProperty(Error, NAME, { configurable: true, ...descriptor });
      expect(isSet()).to.deep.equal([false, false]);
      Reflect.deleteProperty(Error, NAME);
    }
  });
});
