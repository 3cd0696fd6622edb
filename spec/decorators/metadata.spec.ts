import { expect } from 'chai';
import { takeFunctions } from '../../lib/decorators/metadata.js';

describe('the functions of Reflect (R5)', () => {
  it('are taken from it', () => {
    const { defineMetadata, getOwnMetadata } = Reflect;
    expect(takeFunctions(Reflect)).to.deep.equal({ defineMetadata, getOwnMetadata });
  });

  it('are missing where a bundler has left `reflect-metadata/lite` out, and the error says what to set', () => {
    const none = [{}, { defineMetadata() {} }, { getOwnMetadata() {} }];
    for (const reflect of none) {
      expect(() => takeFunctions(reflect)).to.throw(
        Error,
        /`reflect-metadata\/lite`.*`Reflect.defineMetadata`.*got none\. A bundler has left that module out.* `treeshake: \{ moduleSideEffects: .*` in Rollup/,
      );
    }
  });
});

describe('Symbol.metadata (R2)', () => {
  it('is the symbol that compilers fall back to', () => {
    expect(Symbol.metadata).to.equal(Symbol.for('Symbol.metadata'));
  });
});
