let seen: unknown;

class Probe {
  @loosely((...args: unknown[]) => {
    seen = args[1];
  })
  probe(): void {}
}
void Probe;

/** Which dialect of decorators this spec has been compiled in. */
export const dialect = typeof seen === 'object' ? 'standard' : 'legacy';

/** How an error at class definition names a member: the standard dialect does not tell the class. */
export const memberName = (className: string, member: string): string =>
  dialect === 'legacy' ? `${className}.${member}` : member;

/** Takes the types off a decorator, to use it as the compiler would not allow. */
export function loosely(decorator: unknown): (...args: unknown[]) => void {
  return decorator as (...args: unknown[]) => void;
}
