/**
 * Forgets the CommonJS modules that were only half loaded when a `require` was interrupted: the innermost one and all that
 * were requiring it. Node does so itself if loading throws, but not here, and the next `require` would return half of the
 * module.
 *
 * @see https://nodejs.org/api/modules.html#requirecache
 */
export function forgetHalfLoadedModules(): void {
  const { cache } = process.getBuiltinModule('node:module').createRequire(process.execPath);
  // A program may have put anything there. Only modules that Node has made have these fields.
  for (const [file, module] of Object.entries(cache as Record<string, Partial<NodeJS.Module> | undefined>)) {
    // '.' is the program itself.
    if (module?.loaded === false && module.id !== '.') delete cache[file];
    if (Array.isArray(module?.children)) module.children = module.children.filter((child) => child?.loaded);
  }
}
