import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import sinon from 'sinon';
import { CpuGroup, canLimitCpu } from '../../samples/local-lambda/cpu-group.js';
import { closeFunctions, functionOf, needsCpuGroup, needsRealClient, printed } from './local-lambda.js';

const PAUSE_MS = 400;
/** More of a CPU than 128 MB get, and less than a busy machine leaves. */
const UNLIMITED = 0.15;

describe('the local Lambda', function () {
  this.timeout(15_000);
  needsRealClient();
  afterEach(closeFunctions);

  describe('between two events', () => {
    it('freezes its process, and timers that became due fire in the next event', async () => {
      const lambda = functionOf('local-lambda-handlers.ticking');
      expect((await lambda.invoke({})).response).to.equal(1);
      await wait(PAUSE_MS);
      const { response, processId } = await lambda.invoke({});
      expect(response).to.be.within(1, 6);
      expect(await lambda.invoke({})).to.include({ processId });
    });

    it('shows a line with the event in which it was printed, and a later line with the next event', async () => {
      const lambda = functionOf('local-lambda-handlers.leaving');
      const first = await lambda.invoke({});
      await wait(PAUSE_MS);
      expect(printed(first)).to.deep.equal(['INFO\tin time']);
      expect(lambda.log.filter(({ requestId }) => requestId === undefined)).to.deep.equal([]);
      expect(printed(await lambda.invoke({}))).to.include('INFO\tleft for later');
    });

    it('counts the time to the deadline from the moment when it hands out the event, and then kills the process', async () => {
      const lambda = functionOf('local-lambda-handlers.hanging', { timeoutMs: 500 });
      const first = await lambda.invoke({});
      await wait(PAUSE_MS);
      const second = await lambda.invoke({});
      for (const { status, durationMs } of [first, second]) {
        expect(status).to.equal('timed out');
        expect(durationMs).to.be.within(500, 750);
      }
    });

    it('ends its process when it is closed', async () => {
      const lambda = functionOf('local-lambda-handlers.ticking');
      const { processId = 0 } = await lambda.invoke({});
      await lambda.close();
      expect(() => process.kill(processId, 0)).to.throw('ESRCH');
    });

    it('does not freeze the process of a managed instance', async () => {
      const lambda = functionOf('local-lambda-handlers.ticking', { maxConcurrency: 2 });
      await lambda.invoke({});
      await wait(PAUSE_MS);
      expect((await lambda.invoke({})).response).to.be.above(6);
    });
  });

  describe('the option `memoryMb`', () => {
    needsCpuGroup();

    for (const memoryMb of [128, 512]) {
      it(`gives the process a full CPU until its first event, and then the share of ${memoryMb} MB`, async () => {
        const lambda = functionOf('local-lambda-handlers.working', { memoryMb, timeoutMs: 3000 });
        await lambda.invoke({ forMs: 10 });
        const { response } = await lambda.invoke({ forMs: PAUSE_MS });
        const { cpus, cpusInInit, memoryMb: told } = response as Record<string, number>;
        expect(told).to.equal(memoryMb);
        expect(cpus).to.be.within(0.3 * (memoryMb / 1769), 1.3 * (memoryMb / 1769));
        if (memoryMb === 128) expect(cpusInInit).to.be.above(UNLIMITED);
      });
    }

    it('leaves the process all of the CPU if the option is not given', async () => {
      const { response } = await functionOf('local-lambda-handlers.working').invoke({ forMs: PAUSE_MS / 2 });
      expect((response as { cpus: number }).cpus).to.be.above(UNLIMITED);
    });
  });
});

describe('a group of processes with a share of the CPU', () => {
  /** Makes a file system that has only the files that the kernel shows for its groups. */
  function makeRoot(files: Readonly<Record<string, string>>): string {
    const root = mkdtempSync(join(tmpdir(), 'cgroups-'));
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(root, path, '..'), { recursive: true });
      writeFileSync(join(root, path), content);
    }
    roots.push(root);
    return root;
  }
  const roots: string[] = [];
  afterEach(() => {
    for (const root of roots.splice(0)) rmSync(root, { recursive: true });
  });

  const readOf = ({ folder }: CpuGroup, file: string): string => readFileSync(join(folder, file), 'utf8');

  it('has its quota in the format of cgroups version 1, below the group of this process', () => {
    const root = makeRoot({
      'proc/self/mounts':
        'cgroup /cg/memory cgroup rw,memory 0 0\ncgroup /cg/cpu cgroup rw,cpu,cpuacct 0 0\n',
      'proc/self/cgroup': '3:memory:/other\n2:cpu,cpuacct:/own\n0::/unified\n',
    });
    const group = new CpuGroup(root);
    group.limit(128 / 1769);
    group.add(42);
    expect(dirname(group.folder)).to.equal(join(root, 'cg/cpu/own/local-lambda'));
    expect(readFileSync(join(group.folder, '../cpu.shares'), 'utf8')).to.equal('10240');
    expect(readOf(group, 'cpu.cfs_period_us')).to.equal('20000');
    expect(readOf(group, 'cpu.cfs_quota_us')).to.equal('1447');
    expect(readOf(group, 'cgroup.procs')).to.equal('42');
  });

  it('has its quota in the format of cgroups version 2, in a parent that lets its groups limit the CPU', () => {
    const root = makeRoot({
      'proc/self/mounts': 'cgroup2 /cg cgroup2 rw 0 0\n',
      'cg/cgroup.subtree_control': 'memory pids\n',
      'cg/local-lambda/cgroup.subtree_control': 'cpu\n',
    });
    const group = new CpuGroup(root);
    group.limit(2);
    group.add(42);
    expect(dirname(group.folder)).to.equal(join(root, 'cg/local-lambda'));
    expect(readFileSync(join(group.folder, '../cpu.weight'), 'utf8')).to.equal('1000');
    expect(readOf(group, 'cpu.max')).to.equal('40000 20000');
    expect(readOf(group, 'cgroup.procs')).to.equal('42');
    expect(readFileSync(join(root, 'cg/cgroup.subtree_control'), 'utf8')).to.equal('+cpu');
    expect(readFileSync(join(root, 'cg/local-lambda/cgroup.subtree_control'), 'utf8')).to.equal('cpu\n');
  });

  it('is removed when the next one is made, if its owner was killed', () => {
    const { pid = 0 } = spawnSync('true');
    const root = makeRoot({
      'proc/self/mounts': 'cgroup /cg cgroup rw,cpu 0 0\n',
      'proc/self/cgroup': '1:cpu:/\n',
    });
    const parent = join(root, 'cg/local-lambda');
    for (const owner of [pid, process.pid]) mkdirSync(join(parent, `${owner}-999`), { recursive: true });
    const group = new CpuGroup(root);
    expect(readdirSync(parent)).to.have.members(['cpu.shares', `${process.pid}-999`, basename(group.folder)]);
  });

  describe('where there are no cgroups', () => {
    const withoutGroups = (): string => makeRoot({ 'proc/self/mounts': 'proc /proc proc rw 0 0\n' });
    const { CPU_SHARE: share = '' } = process.env;
    const setShare = (value: string) => Object.assign(process.env, { CPU_SHARE: value });
    afterEach(() => {
      setShare(share);
      sinon.restore();
    });

    it('the CPU is not limited, and one warning says so', () => {
      setShare('');
      const warn = sinon.stub(console, 'warn');
      expect([canLimitCpu(withoutGroups()), canLimitCpu(withoutGroups())]).to.deep.equal([false, false]);
      const [[text] = []] = warn.args;
      expect(warn.args).to.have.length(1);
      expect(text).to.match(
        /^The local Lambda cannot limit the CPU here: there are no cgroups\..* Run as root on Linux/,
      );
    });

    it('an error is thrown if the limit is required', () => {
      setShare('required');
      expect(() => canLimitCpu(withoutGroups())).to.throw('cannot limit the CPU here: there are no cgroups');
    });
  });
});
