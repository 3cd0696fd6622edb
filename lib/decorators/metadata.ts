import 'reflect-metadata/lite';
import { sharedByCopies } from '../shared.js';

// Compilers give standard decorators their `context.metadata` only if this symbol exists when the class is
// evaluated, and no Node release defines it. The value is the one that esbuild and SWC fall back to.
if (Symbol.metadata === undefined) {
  Object.defineProperty(Symbol, 'metadata', { value: Symbol.for('Symbol.metadata') });
}

type ReflectMetadata = Pick<typeof Reflect, 'defineMetadata' | 'getOwnMetadata'>;

/**
 * The functions of `Reflect`, taken once for all copies of this package: a polyfill that is loaded later puts its own in
 * their place, and these find nothing that was written before.
 */
export const { defineMetadata, getOwnMetadata } = sharedByCopies('metadata', () => takeFunctions(Reflect));

export function takeFunctions({ defineMetadata, getOwnMetadata }: Partial<ReflectMetadata>): ReflectMetadata {
  if (defineMetadata && getOwnMetadata) return { defineMetadata, getOwnMetadata };
  throw new Error(
    'lambda-graceful-timeout imports `reflect-metadata/lite`, and expected `Reflect.defineMetadata` from it, got none. ' +
      'A bundler has left that module out, because it was told that modules have no side effects. Leave that option out, or ' +
      "set `treeshake: { moduleSideEffects: (id) => id.includes('reflect-metadata') }` in Rollup, Rolldown and Vite.",
  );
}

/** The metadata object that standard decorators of this very class, not of a superclass, have written to. */
export function standardMetadata(level: object): object | undefined {
  const owner =
    typeof level === 'function' ? level : Object.getOwnPropertyDescriptor(level, 'constructor')?.value;
  return owner && Object.getOwnPropertyDescriptor(owner, Symbol.metadata)?.value;
}
