/** Names a member as `Orders.handler`, from a prototype or a class; just `handler` where there is none. */
export function memberName(owner: object, key: string | symbol): string {
  const className = typeof owner === 'function' ? owner.name : owner.constructor.name;
  return className ? `${className}.${String(key)}` : String(key);
}
