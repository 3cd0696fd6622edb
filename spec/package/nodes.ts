import { execFileSync } from 'node:child_process';
import { delimiter } from 'node:path';

/** A Node executable that the compiled programs run on. */
export interface Node {
  readonly title: string;
  readonly file: string;
  readonly major: number;
  /** Whether it has a flag that forbids `require()` of an ES module. Lambda starts nodejs22.x in this way. */
  readonly canRefuseRequiredModules: boolean;
}

const DESCRIBE = `[process.version, process.allowedNodeEnvironmentFlags.has('--experimental-require-module')]`;

/** The Node executables in the environment variable NODES, separated as in PATH. Default: the running one. */
export const nodes: readonly Node[] = (process.env.NODES ?? process.execPath).split(delimiter).map((file) => {
  const [version, canRefuseRequiredModules] = JSON.parse(
    execFileSync(file, ['-p', `JSON.stringify(${DESCRIBE})`], { encoding: 'utf8' }),
  );
  const major = Number.parseInt(version.slice(1), 10);
  return { title: `Node ${version}`, file, major, canRefuseRequiredModules };
});
