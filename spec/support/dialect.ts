let seen: unknown;

class Probe {
  @loosely((...args: unknown[]) => {
    seen = args[1];
  })
  probe(): void {}
}
void Probe;

/** The dialect of decorators in which this spec was compiled. */
export const dialect = typeof seen === 'object' ? 'standard' : 'legacy';

/** The name of a member in an error at class definition. The standard dialect does not provide the class. */
export const memberName = (className: string, member: string): string =>
  dialect === 'legacy' ? `${className}.${member}` : member;

/** Removes the types of a decorator, so that specs can use it in ways that the compiler refuses. */
export function loosely(decorator: unknown): (...args: unknown[]) => void {
  return decorator as (...args: unknown[]) => void;
}
