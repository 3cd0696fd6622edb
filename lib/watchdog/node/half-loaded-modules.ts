/**
 * Takes out of Node's cache what a `require` was loading that has been interrupted, and all that was loading that, and out
 * of the children of their parents. Node does so itself where loading throws, but not here, and the next `require` would
 * get half of the module.
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
