/** Names a member as `Orders.handler`, from a prototype or a class; just `handler` where there is none. */
export function memberName(owner: object, key: string | symbol): string {
  const { name } = Object(typeof owner === 'function' ? owner : owner.constructor);
  // A class can have a static method `name`.
  return name && typeof name === 'string' ? `${name}.${String(key)}` : String(key);
}
