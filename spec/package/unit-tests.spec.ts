import { copyFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { run } from './commands.js';
import { nodes } from './nodes.js';
import { project, ROOT } from './project.js';

const IN_VIRTUAL_TIME = [
  'rejects when an order takes too long',
  'apologises for an order that takes too long',
];
const LEFTOVERS = [
  'answers in time',
  'answers in time with a watchdog',
  'times out in virtual time with a watchdog',
];
const PENDING = [
  'lists what is pending',
  'lists what is pending in the next file, by the same subscriptions',
];
const BLOCKED = ['interrupts a loop that blocks'];

/** A test tool with a recipe in `docs/testing.md`, and how to run it in the folder with its name. */
interface Tool {
  readonly name: string;
  readonly minimumNode?: number;
  readonly args: readonly string[];
  readonly passes: readonly string[];
  /** Reads the titles of the passed tests from the output of the tool. */
  readonly read: (printed: string) => readonly string[];
}

/** Reads the Test Anything Protocol. Some tools put a file or a suite before the title, which is dropped. */
const readTap = (printed: string): readonly string[] =>
  [...printed.matchAll(/^ok \d+ (?:- )?(?:.* > |Orders )?(.*?)(?: # time=.*)?$/gm)].map(
    ([, title]) => title as string,
  );

interface JestReport {
  readonly openHandles: readonly { readonly message: string }[];
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly title: string }[];
  }[];
}

const readJest = (printed: string): readonly string[] => {
  const { openHandles, testResults }: JestReport = JSON.parse(printed);
  expect(openHandles, 'open handles').to.deep.equal([]);
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  return results.filter(({ status }) => status === 'passed').map(({ title }) => title);
};

const JEST = ['node_modules/jest/bin/jest.js', '--rootDir', 'built/jest', '--detectOpenHandles', '--json'];

const TOOLS: readonly Tool[] = [
  {
    name: 'mocha',
    args: ['node_modules/mocha/bin/mocha.js', '--reporter', 'tap', 'built/mocha/*.spec.js'],
    passes: [...IN_VIRTUAL_TIME, ...LEFTOVERS, ...BLOCKED],
    read: readTap,
  },
  {
    name: 'jest',
    args: JEST,
    // Jest runs tests in a context of their own, which the watchdog cannot reach.
    passes: [
      ...IN_VIRTUAL_TIME,
      ...LEFTOVERS,
      ...PENDING,
      'says that a loop which blocks cannot be interrupted here',
    ],
    read: readJest,
  },
  {
    name: 'vitest',
    minimumNode: 22,
    // Vitest runs the sources, as it does for its users.
    args: ['node_modules/vitest/vitest.mjs', 'run', '--dir', 'vitest', '--reporter', 'tap-flat'],
    passes: [...IN_VIRTUAL_TIME, ...LEFTOVERS, ...BLOCKED],
    read: readTap,
  },
  {
    name: 'node-test',
    args: [
      '--test',
      '--test-reporter',
      'tap',
      'built/node-test/orders.test.js',
      'built/node-test/leftovers.test.js',
    ],
    passes: [...IN_VIRTUAL_TIME, ...LEFTOVERS, ...BLOCKED],
    read: readTap,
  },
];

/** The files in `docs/testing.md`, by path. The path follows `ts` in the first line of a block. */
async function recipes(): Promise<Map<string, string>> {
  const page = await readFile(join(ROOT, 'docs/testing.md'), 'utf8');
  const blocks = page.matchAll(/^```ts (\S+)\n([\s\S]*?)^```$/gm);
  return new Map([...blocks].map(([, path, code]) => [path as string, code as string]));
}

/** Gives each tool a folder with its recipe, the files that all recipes share, and the tests of this repository. */
async function arrange(directory: string): Promise<void> {
  for (const [path, code] of await recipes()) {
    const paths = path.includes('/') ? [path] : TOOLS.map(({ name }) => join(name, path));
    for (const file of paths) await writeFile(join(directory, file), code);
  }
  for (const { name } of TOOLS)
    await cp(join(directory, 'shared'), join(directory, name), { recursive: true });
  await mkdir(join(directory, 'built/jest'), { recursive: true });
  for (const file of ['package.json', 'jest/package.json', 'jest/control.js']) {
    await copyFile(join(directory, file), join(directory, 'built', file));
  }
}

describe("Unit tests of a user's handler (R9, R28)", () => {
  let directory: string;

  before(async () => {
    const { install } = await project();
    directory = await install('unit-tests');
    await arrange(directory);
  });

  it('have one recipe for each tool in docs/testing.md', async () => {
    const own = [...(await recipes()).keys()].filter((path) => path.includes('/'));
    expect(own.map((path) => path.split('/')[0])).to.have.members(TOOLS.map(({ name }) => name));
  });

  it('compile as they are in docs/testing.md', () =>
    run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], directory));

  for (const node of nodes) {
    for (const { name, minimumNode = 0, args, passes, read } of TOOLS) {
      // Vitest does not start on Node 20.
      if (node.major < minimumNode) continue;
      // A timer or thread that is left would keep the process alive until the time limit of the command.
      it(`pass in ${name} on ${node.title}, and the process ends`, async () => {
        expect(read(await run(node.file, args, directory))).to.have.members(passes);
      });
    }
  }

  it('make jest report a handle that they leave open', async () => {
    const args = [...JEST, '--forceExit', '--testMatch', '**/control.js'];
    const { openHandles }: JestReport = JSON.parse(await run(process.execPath, args, directory));
    expect(openHandles.map(({ message }) => message)).to.deep.equal(['Timeout']);
  });
});
