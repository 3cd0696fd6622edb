import { execFileSync } from 'node:child_process';
import { delimiter } from 'node:path';

/** A Node executable that the compiled programs run on. */
export interface Node {
  readonly title: string;
  readonly file: string;
  readonly major: number;
  /** Whether it can be told not to `require()` an ES module, as Lambda starts nodejs22.x. */
  readonly canRefuseRequiredModules: boolean;
}

const DESCRIBE = `[process.version, process.allowedNodeEnvironmentFlags.has('--experimental-require-module')]`;

/** The Nodes listed in the environment variable NODES, as PATH lists folders; the running one by default. */
export const nodes: readonly Node[] = (process.env.NODES ?? process.execPath).split(delimiter).map((file) => {
  const [version, canRefuseRequiredModules] = JSON.parse(
    execFileSync(file, ['-p', `JSON.stringify(${DESCRIBE})`], { encoding: 'utf8' }),
  );
  const major = Number.parseInt(version.slice(1), 10);
  return { title: `Node ${version}`, file, major, canRefuseRequiredModules };
});
