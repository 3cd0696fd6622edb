import { METHODS, type Shape } from './scenario.js';

/** The hooks of a class in their order (R5, R6). */
export function hooksOf({ base, orders }: Shape) {
  const hooks = METHODS.map((method, index) => {
    const own = orders[index] ?? 'absent';
    const isOwn = own !== 'absent' && own !== 'none';
    const role = isOwn ? own : (base[index] ?? 'none');
    return { method, index, role, isOwn, body: own === 'absent' ? 'Base' : 'Orders' };
  });
  const isFinally = ({ role }: (typeof hooks)[0]): boolean => role === 'finally';
  const declared = hooks.filter(({ role }) => role !== 'none');
  const all = [...declared.filter(({ isOwn }) => isOwn), ...declared.filter(({ isOwn }) => !isOwn)];
  return [...all.filter((hook) => !isFinally(hook)), ...all.filter(isFinally)];
}
