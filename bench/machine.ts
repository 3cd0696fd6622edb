import { availableParallelism, cpus, loadavg } from 'node:os';

/** Says what a figure depends on besides the code: Node, the processor and how busy it is. */
export function describeMachine(): string {
  const load = loadavg()[0]?.toFixed(2);
  return `Node ${process.versions.node}, ${availableParallelism()} × ${cpus()[0]?.model}, load average ${load}`;
}
