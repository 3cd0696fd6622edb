/**
 * Forgets the CommonJS modules that were only half loaded when a `require` was interrupted: the innermost one and all that
 * were requiring it. Node does so itself if loading throws, but not here, and the next `require` would return half of the
 * module.
 *
 * @see https://nodejs.org/api/modules.html#requirecache
 */
export function forgetHalfLoadedModules(): void {
  const { cache } = process.getBuiltinModule('node:module').createRequire(process.execPath);
  for (const [file, module] of Object.entries(cache as Record<string, NodeJS.Module>)) {
    // '.' is the program itself.
    if (!module.loaded && module.id !== '.') delete cache[file];
    module.children = module.children.filter(({ loaded }) => loaded);
  }
}
