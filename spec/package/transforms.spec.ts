import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { expectRejection } from '../support/expect-rejection.js';
import { run } from './commands.js';
import { DIALECTS, type Dialect } from './compilers/build.js';
import { nodes } from './nodes.js';
import { ORDERS } from './printed.js';
import { project, ROOT } from './project.js';

/** The JavaScript files in docs/transforms.md, by name. The name follows `js` in the first line of a block. */
type Blocks = ReadonlyMap<string, string>;

async function readBlocks(): Promise<Blocks> {
  const document = await readFile(join(ROOT, 'docs/transforms.md'), 'utf8');
  const blocks = document.matchAll(/^```js (\S+)\n([\s\S]*?)^```$/gm);
  return new Map([...blocks].map(([, name, code]) => [name as string, code as string]));
}

/** A tool that compiles a program or a test, in memory or into a file, and runs it. */
interface Transform {
  readonly tool: string;
  readonly minimumNode?: number;
  /** The files in the document that the tool needs. */
  readonly files?: readonly string[];
  /** Commands for Node, run one after the other. The last one prints the output of the program, unless it runs a test. */
  readonly commands: readonly (readonly string[])[];
  readonly isTest?: true;
}

const installed = (path: string): string => join('..', 'node_modules', path);

const vitest = (version: 'vitest' | 'vitest-4', config?: string): Omit<Transform, 'tool'> => ({
  // Vitest does not start on Node 20.
  minimumNode: 22,
  commands: [
    [
      installed(`${version}/vitest.mjs`),
      'run',
      '--globals',
      '--no-color',
      ...(config ? ['--config', config] : []),
    ],
  ],
  isTest: true,
});

const jest = (config: string): Omit<Transform, 'tool'> => ({
  files: [config],
  commands: [[installed('jest/bin/jest.js'), '--config', config]],
  isTest: true,
});

const esbuild = (...options: string[]): Omit<Transform, 'tool'> => ({
  commands: [
    [
      installed('esbuild/bin/esbuild'),
      'program.ts',
      '--bundle',
      '--platform=node',
      '--outfile=program.cjs',
      ...options,
    ],
    ['program.cjs'],
  ],
});

const rolldown = (...options: string[]): Omit<Transform, 'tool'> => ({
  commands: [[installed('rolldown/bin/cli.mjs'), ...options], ['program.mjs']],
});

const ROLLDOWN_ALONE = rolldown(
  'program.ts',
  '--platform',
  'node',
  '--format',
  'esm',
  '--file',
  'program.mjs',
);

const BOTH: readonly Transform[] = [
  { tool: 'esbuild with a target', ...esbuild('--target=node20') },
  { tool: 'tsx', commands: [[installed('tsx/dist/cli.mjs'), 'program.ts']] },
  { tool: 'ts-jest', ...jest('jest.config.cjs') },
  { tool: '@swc/jest', ...jest('jest.swc.config.cjs') },
  ...(['vitest-4', 'vitest'] as const).map((version) => ({
    tool: `${version} with SWC`,
    ...vitest(version, 'vitest.swc.config.mjs'),
    files: ['vitest.swc.config.mjs'],
  })),
];

const OXC: readonly Transform[] = [
  { tool: 'vitest-4 with Oxc', ...vitest('vitest-4') },
  { tool: 'vitest with Oxc', ...vitest('vitest') },
  { tool: 'Rolldown', ...ROLLDOWN_ALONE },
];

const WORKING: Readonly<Record<Dialect, readonly Transform[]>> = {
  legacy: [...BOTH, ...OXC],
  standard: [
    ...BOTH,
    ...(['vitest-4', 'vitest'] as const).map((version) => ({
      tool: `${version} with the plugin`,
      ...vitest(version),
      files: ['vitest.config.mjs', 'standard-decorators.mjs'],
    })),
    {
      tool: 'Rolldown with the plugin',
      ...rolldown('--config', 'rolldown.config.mjs'),
      files: ['rolldown.config.mjs', 'standard-decorators.mjs'],
    },
  ],
};

const TYPE_STRIPPING: Transform = {
  tool: "Node's type stripping",
  minimumNode: 22,
  commands: [['orders.ts']],
};

// The output of a transform is the same on every Node, so one version of Node is enough.
const node = nodes.at(-1) as (typeof nodes)[number];

const onThisNode = ({ minimumNode = 0 }: Transform): boolean => node.major >= minimumNode;

describe(`The settings in docs/transforms.md, on ${node.title} (R2)`, () => {
  let directory: string;
  let blocks: Blocks;

  before(async () => {
    const { install } = await project();
    directory = await install('transforms');
    blocks = await readBlocks();
  });

  /** Gives a transform a folder with the program, its test and its settings, and runs it there. */
  async function transform(
    { tool, files = [], commands }: Transform,
    dialect: Dialect,
    include = '*.ts',
  ): Promise<string> {
    const folder = join(directory, `${tool} ${dialect} ${include}`.replaceAll(/\W+/g, '-'));
    await cp(join(directory, 'shared'), folder, { recursive: true });
    await cp(join(ROOT, 'spec/package/fixtures/project/orders.ts'), join(folder, 'orders.ts'));
    const compilerOptions = {
      target: 'es2022',
      module: 'commonjs',
      isolatedModules: true,
      experimentalDecorators: dialect === 'legacy',
      types: ['node'],
      ignoreDeprecations: '6.0',
    };
    const write = (name: string, content: string) => writeFile(join(folder, name), content);
    await write('tsconfig.json', JSON.stringify({ compilerOptions, include: [include] }));
    await write('expected.json', JSON.stringify({ dialect, ...ORDERS }));
    for (const file of files) await write(file, inDialect(dialect, blocks.get(file) ?? ''));
    let printed = '';
    for (const command of commands) printed = await run(node.file, command, folder);
    return printed;
  }

  for (const dialect of DIALECTS) {
    for (const working of WORKING[dialect].filter(onThisNode)) {
      it(`compile ${dialect} decorators with ${working.tool}`, async () => {
        const printed = await transform(working, dialect);
        // A test compares the result itself. If the result is wrong, the command fails.
        if (!working.isTest) expect(JSON.parse(printed)).to.deep.equal({ dialect, ...ORDERS });
      });
    }
  }

  const AT_SIGN = 'SyntaxError: Invalid or unexpected token';

  for (const oxc of OXC.filter(onThisNode)) {
    it(`are needed for standard decorators in ${oxc.tool}: without them, Node rejects the \`@\``, async () => {
      const error = await expectRejection(transform(oxc, 'standard'));
      expect(error).to.have.property('message').that.includes(AT_SIGN);
      if (oxc.isTest)
        expect(error)
          .to.have.property('message')
          .that.does.not.match(/(dialect|orders)\.ts/);
    });

    it(`do not reach a file that \`include\` leaves out: ${oxc.tool} does not compile its legacy decorators`, async () => {
      const error = await expectRejection(transform(oxc, 'legacy', 'orders.ts'));
      expect(error).to.have.property('message').that.includes(AT_SIGN);
    });
  }

  it('do not reach a file that `include` leaves out: tsx compiles it in the standard dialect', async () => {
    const [, tsx] = BOTH as [unknown, Transform];
    expect(JSON.parse(await transform(tsx, 'legacy', 'orders.ts'))).to.include({ dialect: 'standard' });
  });

  it('need a target for esbuild: without one, it leaves standard decorators as they are', async () => {
    const error = await expectRejection(transform({ tool: 'esbuild', ...esbuild() }, 'standard'));
    expect(error).to.have.property('message').that.includes(AT_SIGN);
  });

  for (const dialect of DIALECTS) {
    for (const stripping of [TYPE_STRIPPING].filter(onThisNode)) {
      it(`do not exist for ${stripping.tool}, which leaves ${dialect} decorators as they are`, async () => {
        const error = await expectRejection(transform(stripping, dialect));
        expect(error).to.have.property('message').that.includes(AT_SIGN).and.includes('orders.ts:');
      });
    }
  }

  it('are all tested here, except which-dialect.js', () => {
    const used = DIALECTS.flatMap((dialect) => WORKING[dialect].flatMap(({ files = [] }) => files));
    const given = [...blocks.keys()].filter((name) => name !== 'which-dialect.js');
    expect(new Set(used)).to.deep.equal(new Set(given));
  });
});

/** The document shows the settings for standard decorators, and says what to change for legacy ones. */
const inDialect = (dialect: Dialect, code: string): string =>
  dialect === 'legacy' ? code.replace("decoratorVersion: '2023-11'", 'legacyDecorator: true') : code;
