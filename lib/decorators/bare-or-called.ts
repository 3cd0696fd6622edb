import { isApplied, type Member, readMember } from './member.js';
import { errorAtApplication, errorAtCall, showGiven } from './misuse.js';

/** Makes a decorator that works in both forms, bare and called with options. */
export function bareOrCalled<Decorator>(
  name: string,
  apply: (member: Member, options: unknown) => void,
): (...args: unknown[]) => Decorator {
  return function decorator(...args) {
    if (isApplied(args)) {
      apply(readMember(name, args, errorAtApplication(decorator)), undefined);
      return undefined as never; // a decorator that returns a function would replace the method
    }
    const makeError = errorAtCall(decorator);
    return ((...applied: unknown[]) => {
      const member = readMember(name, applied, makeError);
      if (args.length > 1) throw member.misuse('at most one argument', showGiven(args[1]), 'Remove it.');
      apply(member, args[0]);
    }) as Decorator;
  };
}
