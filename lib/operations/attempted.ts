/** Runs code that looks at what others have made. If it is not what this package knows of, nothing is known of it. */
export function attempted<Result>(code: () => Result): Result | undefined {
  try {
    return code();
  } catch {
    return undefined;
  }
}
