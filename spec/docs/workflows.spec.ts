import { expect } from 'chai';
import { parseDocument } from 'yaml';
import { filesIn, read } from './repository.js';

type Permissions = Readonly<Record<string, 'read' | 'write'>>;

interface Job {
  readonly permissions?: Permissions;
  readonly 'timeout-minutes'?: number;
  readonly strategy?: {
    readonly matrix: {
      readonly node?: readonly number[];
      readonly include?: readonly { readonly files: string }[];
    };
  };
  readonly steps: readonly { readonly uses?: string; readonly run?: string }[];
}

interface Workflow {
  readonly permissions?: Permissions;
  readonly jobs: Readonly<Record<string, Job>>;
}

/** Parses a file. Throws if it is not YAML. */
function parse<Content>(path: string): Content {
  const document = parseDocument(read(path), { uniqueKeys: true });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) throw problem;
  return document.toJS();
}

const scriptsOf = (folder: string): object => JSON.parse(read(`${folder}package.json`)).scripts;

const jobsIn = (path: string): readonly Job[] => Object.values(parse<Workflow>(path).jobs);

const workflows = filesIn('.github/workflows', /\.yml$/);

describe('the workflows', () => {
  for (const path of workflows) {
    describe(path, () => {
      it('pins each action to a commit and names its version', () => {
        const uses = read(path).match(/(?<=uses: ).*/g);
        expect(uses).not.to.equal(null);
        for (const action of uses ?? []) expect(action).to.match(/^[\w/-]+@[\da-f]{40} # v\d+\.\d+\.\d+$/);
      });

      it('calls only npm scripts that exist', () => {
        const commands = jobsIn(path).flatMap(({ steps }) => steps.map(({ run = '' }) => run));
        const calls = [...commands.join('\n').matchAll(/npm (?:run ([\w:]+)|(test|start))(?: -w (\w+))?/g)];
        expect(calls).not.to.have.length(0);
        for (const [, named, short, workspace] of calls) {
          expect(scriptsOf(workspace ? `${workspace}/` : '')).to.have.property((named ?? short) as string);
        }
      });

      it('can only read, unless a job asks for more permissions', () => {
        const { permissions } = parse<Workflow>(path);
        expect(permissions).to.be.an('object');
        expect(Object.values(permissions ?? {})).not.to.include('write');
      });

      it('has a time limit for each job', () => {
        for (const job of jobsIn(path)) expect(job['timeout-minutes']).to.be.within(1, 60);
      });
    });
  }

  it('test on the versions of Node that `.ci/run` tests on', () => {
    const lists = [...read('.ci/run').matchAll(/(?:for version in|on_node) ([\d ]+\d)/g)].map(
      ([, list = '']) => list,
    );
    const versions = [...new Set(lists.join(' ').split(' ').map(Number))].sort();
    const matrices = workflows
      .flatMap(jobsIn)
      .flatMap(({ strategy }) => (strategy?.matrix.node ? [strategy.matrix.node] : []));
    expect(matrices).not.to.have.length(0);
    for (const matrix of matrices) expect(matrix).to.deep.equal(versions);
  });

  it('mutate each room of `lib` in one job, and of the watchdog what the whole run does', () => {
    const { mutate } = JSON.parse(read('mutation/stryker.config.json')) as { mutate: string[] };
    const rooms = filesIn('lib', /^\w+$/).map((room) => `${room}/**`);
    const files = jobsIn('.github/workflows/nightly.yml').flatMap(
      ({ strategy }) => strategy?.matrix.include?.flatMap(({ files }) => files.split(',')) ?? [],
    );
    const isOfWatchdog = (path: string): boolean => path.startsWith('lib/watchdog/');
    expect(files.filter(isOfWatchdog)).to.deep.equal(mutate.filter(isOfWatchdog));
    expect(files.filter((path) => !isOfWatchdog(path))).to.have.members(
      ['lib/*.ts', ...rooms].filter((path) => !isOfWatchdog(path)),
    );
  });

  it('run the commands of the README, as `.ci/run` does on the newest Node of Lambda', () => {
    const commands = ['npm ci', 'npm start', 'npm test'];
    const run = read('.ci/run');
    for (const command of commands) expect(run.split('\n')).to.include(`on_node 24 ${command}`);
    const [test] = jobsIn('.github/workflows/ci.yml') as [Job];
    const inOrder = test.steps
      .map(({ run: command }) => command)
      .filter((command) => commands.includes(command ?? ''));
    expect(inOrder).to.deep.equal(commands);
    for (const command of ['npm ci && npm start', 'npm ci && npm test'])
      expect(read('README.md')).to.include(command);
  });

  it('use one version of each action', () => {
    const pins = new Set(workflows.flatMap((path) => read(path).match(/(?<=uses: ).*/g)));
    const actions = [...pins].map((pin) => pin?.replace(/@.*/, ''));
    expect(actions).to.deep.equal([...new Set(actions)]);
  });

  it('release with provenance, and with only the permissions that this needs', () => {
    const [publish] = jobsIn('.github/workflows/release.yml') as [Job];
    expect(publish.permissions).to.deep.equal({ contents: 'read', 'id-token': 'write' });
    expect(publish.steps.at(-1)?.run).to.match(/^npm publish --provenance\b/);
  });

  it('release only what names its repository, since `npm publish` checks it first', () => {
    expect(scriptsOf('')).to.include({ prepublishOnly: 'npm run test:release' });
  });
});

describe('the issue forms', () => {
  const forms = filesIn('.github/ISSUE_TEMPLATE', /(?<!config)\.yml$/);

  interface Form {
    readonly name: string;
    readonly description: string;
    readonly body: readonly { readonly type: string; readonly id?: string; readonly attributes: object }[];
  }

  for (const path of forms) {
    it(`${path} has a name, a description, and an id and a label for each question`, () => {
      const { name, description, body } = parse<Form>(path);
      const questions = body.filter(({ type }) => type !== 'markdown');
      expect(name).to.be.a('string');
      expect(description).to.be.a('string');
      expect(questions.map(({ id }) => id)).to.have.length.above(2);
      expect(new Set(questions.map(({ id }) => id)).size).to.equal(questions.length);
      for (const { type, attributes } of questions) {
        expect(type).to.be.oneOf(['input', 'textarea', 'dropdown', 'checkboxes']);
        expect(attributes).to.have.property('label').that.is.a('string');
      }
    });
  }

  it('cannot be skipped with a blank issue', () => {
    expect(parse('.github/ISSUE_TEMPLATE/config.yml')).to.include({ blank_issues_enabled: false });
  });
});

describe('.github/dependabot.yml', () => {
  it('covers the package, each folder with packages of its own, and the actions', () => {
    interface Update {
      readonly 'package-ecosystem': string;
      readonly directory: string;
    }
    const { updates } = parse<{ updates: readonly Update[] }>('.github/dependabot.yml');
    expect(updates.map((update) => `${update['package-ecosystem']} ${update.directory}`)).to.have.members([
      'npm /',
      'npm /docs',
      'npm /mutation',
      'npm /samples/opentelemetry',
      'npm /spec/telemetry/functions',
      'github-actions /',
    ]);
  });
});
