interface CommonJsModule {
  readonly id: string;
  readonly loaded: boolean;
}

/**
 * Takes out of Node's cache what a `require` was loading that has been interrupted, and all that was loading that: Node
 * does so itself where loading throws, but not here, and the next `require` would get half of the module.
 */
export function forgetHalfLoadedModules(): void {
  const { _cache } = process.getBuiltinModule('node:module') as unknown as {
    _cache: Record<string, CommonJsModule | undefined>;
  };
  for (const [file, module] of Object.entries(_cache)) {
    // '.' is the program itself.
    if (module?.loaded === false && module.id !== '.') delete _cache[file];
  }
}
