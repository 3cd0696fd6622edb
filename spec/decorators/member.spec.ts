import { expect } from 'chai';
import { isApplied, readMember, replaceMethod } from '../../lib/decorators/member.js';
import { errorAtApplication } from '../../lib/decorators/misuse.js';

const makeError = (message: string): TypeError => new TypeError(message);
const read = (...args: unknown[]) => readMember('@Decorator', args, makeError);

class Orders {
  ship(): void {}
  static ship(): void {}
  get count(): number {
    return 1;
  }
}
const descriptorOf = (owner: object, key: string): PropertyDescriptor =>
  Object.getOwnPropertyDescriptor(owner, key) as PropertyDescriptor;
const symbol = Symbol('ship');

describe('the member that a decorator is applied to (R2)', () => {
  describe('in the legacy dialect', () => {
    const descriptor = descriptorOf(Orders.prototype, 'ship');

    it('is an instance method', () => {
      const { misuse, ...member } = read(Orders.prototype, 'ship', descriptor);
      expect(member).to.deep.equal({
        name: 'Orders.ship',
        key: 'ship',
        isStatic: false,
        isPrivate: false,
        metadataHolder: Orders.prototype,
        method: Orders.prototype.ship,
      });
      expect(misuse('this', 'that', 'Change it.').message).to.equal(
        '@Decorator on Orders.ship: expected this, got that. Change it.',
      );
    });

    it('is a static method', () => {
      expect(read(Orders, 'ship', descriptorOf(Orders, 'ship'))).to.include({
        name: 'Orders.ship',
        isStatic: true,
        metadataHolder: Orders,
        method: Orders.ship,
      });
    });

    it('has a symbol as its key', () => {
      expect(read(Orders.prototype, symbol, descriptor)).to.include({
        name: 'Orders.Symbol(ship)',
        key: symbol,
      });
    });

    const others: Record<string, readonly unknown[]> = {
      'a class': [Orders],
      'a plain function': [function ship() {}],
      'a field': [Orders.prototype, 'ship', undefined],
      'an accessor': [Orders.prototype, 'count', descriptorOf(Orders.prototype, 'count')],
      'a parameter': [Orders.prototype, 'ship', 0],
    };
    for (const [what, args] of Object.entries(others)) {
      it(`is not ${what} (R3)`, () => {
        expect(() => read(...args)).to.throw(TypeError, `expected a method, got ${what}. `);
      });
    }

    it('is replaced in its descriptor', () => {
      const changed = { ...descriptor };
      const replacement = () => {};
      expect(replaceMethod([Orders.prototype, 'ship', changed], replacement)).to.equal(undefined);
      expect(changed.value).to.equal(replacement);
    });
  });

  describe('in the standard dialect', () => {
    const metadata = {};
    const context = { kind: 'method', name: 'ship', static: false, private: false, metadata };

    it('is an instance method', () => {
      const { misuse, ...member } = read(Orders.prototype.ship, context);
      expect(member).to.deep.equal({
        name: 'ship',
        key: 'ship',
        isStatic: false,
        isPrivate: false,
        metadataHolder: metadata,
        method: Orders.prototype.ship,
      });
      expect(misuse('this', 'that', 'Change it.').message).to.match(/^@Decorator on ship: /);
    });

    it('is a static or a private method', () => {
      expect(read(Orders.ship, { ...context, static: true, private: true })).to.include({
        isStatic: true,
        isPrivate: true,
      });
    });

    const kinds = { class: 'a class', field: 'a field', getter: 'an accessor', accessor: 'an accessor' };
    for (const [kind, what] of Object.entries(kinds)) {
      it(`is not ${what}: ${kind} (R3)`, () => {
        const args = [Orders.ship, { kind, name: 'ship', metadata }];
        expect(() => read(...args)).to.throw(
          TypeError,
          `expected a method, got ${what}. Put it on a method.`,
        );
      });
    }

    it('is replaced by what the decorator returns', () => {
      const replacement = () => {};
      expect(replaceMethod([Orders.ship, context], replacement)).to.equal(replacement);
    });
  });

  it('is told from options', () => {
    const context = { kind: 'method', name: 'ship' };
    for (const args of [[() => {}], [{}, 'ship', {}], [{}, symbol], [undefined, context]]) {
      expect(isApplied(args)).to.equal(true);
    }
    for (const args of [[], [undefined], [{ respond: true }], [{}, null], [{}, {}], [3000, 5]]) {
      expect(isApplied(args)).to.equal(false);
    }
  });
});

describe('the line of a bare decorator (R3)', () => {
  const innermostFunction = ({ stack = '' }: Error): string | undefined => /at (\w+)/.exec(stack)?.[1];

  function decorator(): Error {
    return errorAtApplication(decorator)('wrong');
  }
  const { decorate } = Reflect as { decorate?: unknown };
  afterEach(() => Object.assign(Reflect, { decorate }));

  it('is that of its caller', () => {
    const user = (): Error => decorator();
    expect(innermostFunction(user())).to.equal('user');
  });

  it('is that of the caller of `Reflect.decorate`, if that has called it', () => {
    const helper = (apply: () => Error): Error => apply();
    Object.assign(Reflect, { decorate: helper });
    const user = (): Error => helper(() => decorator());
    expect(innermostFunction(user())).to.equal('user');
  });

  it('is that of its caller, if `Reflect.decorate` is there and has not called it', () => {
    Object.assign(Reflect, { decorate: () => {} });
    const user = (): Error => decorator();
    expect(innermostFunction(user())).to.equal('user');
  });
});
