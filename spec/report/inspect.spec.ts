import { expect } from 'chai';
import { inspect } from '../../lib/report/inspect.js';

describe('show', () => {
  const circular: { self?: unknown } = {};
  circular.self = circular;

  for (const [value, shown] of [
    ['text', '"text"'],
    [-5, '-5'],
    [Number.NaN, 'NaN'],
    [undefined, 'undefined'],
    [null, 'null'],
    [10n, '10'],
    [Symbol('text'), 'Symbol(text)'],
    [{ code: 5 }, '{"code":5}'],
    [function named() {}, '[function named]'],
    [new RangeError('too far'), 'RangeError: too far'],
    [circular, '[object Object]'],
    [Object.create(null), '{}'],
    [{ toJSON() {} }, '[object Object]'],
  ] as const) {
    it(`writes ${shown}`, () => {
      expect(inspect(value)).to.equal(shown);
    });
  }
});
