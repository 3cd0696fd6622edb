import { performance } from 'node:perf_hooks';
import { CpuGroup } from './cpu-group.js';
import { EnvironmentLog } from './environment-log.js';
import { HandlerProcess, type HandlerProcessListener, pipesAreRead } from './handler-process.js';
import { HardDeadline } from './hard-deadline.js';
import type { FunctionError, Invocation, LogLine } from './invocation.js';
import {
  endLine,
  exitReason,
  initReportLine,
  reportLine,
  startLine,
  timeoutLine,
  timeoutMessage,
} from './platform-lines.js';
import { type Hand, RuntimeApi, type RuntimeApiListener } from './runtime-api.js';

export interface EnvironmentOptions {
  readonly execPath: string;
  readonly args: readonly string[];
  readonly taskRoot: string;
  /** The address of the Runtime API is added to it. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  /** Whether the process has only the share of the CPU that goes with the memory. */
  readonly limitsCpu: boolean;
  /** On Managed Instances: how many invocations can be in flight. No timeout is enforced there. */
  readonly maxConcurrency: number | undefined;
}

export interface EnvironmentListener {
  takeInvocation(): Invocation | undefined;
  onLine(line: LogLine): void;
  onGone(): void;
}

// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
const INIT_LIMIT_MS = 10_000;
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
const MB_OF_ONE_CPU = 1769;

/**
 * One process and the Runtime API that feeds it, from its cold start to its end. Between invocations the process is
 * frozen: code that an invocation leaves running goes on in the next one.
 */
export class ExecutionEnvironment implements RuntimeApiListener, HandlerProcessListener {
  readonly #options: EnvironmentOptions;
  readonly #listener: EnvironmentListener;
  readonly #api = new RuntimeApi(this);
  readonly #polls: Hand[] = [];
  readonly #inFlight = new Map<string, Invocation>();
  readonly #log: EnvironmentLog;
  readonly #deadline = new HardDeadline();
  readonly #gone: Promise<void>;
  #markGone!: () => void;
  #process: HandlerProcess | undefined;
  #cpu: CpuGroup | undefined;
  #startedAtMs = performance.now();
  #initMs: number | undefined;
  #initError: FunctionError | undefined;
  #initTimer: NodeJS.Timeout | undefined;
  #maxMemoryMb: number | undefined;
  /** After how long its invocation was killed, if it was. */
  #killedAfterMs: number | undefined;
  #closed = false;

  constructor(options: EnvironmentOptions, listener: EnvironmentListener) {
    this.#options = options;
    this.#listener = listener;
    this.#log = new EnvironmentLog((line) => listener.onLine(line));
    this.#gone = new Promise((resolve) => {
      this.#markGone = resolve;
    });
  }

  async start(): Promise<void> {
    const address = await this.#api.listen();
    if (this.#closed) {
      await this.#leave();
      return;
    }
    const { execPath, args, taskRoot, env } = this.#options;
    this.#startedAtMs = performance.now();
    this.#process = new HandlerProcess(
      { execPath, args, cwd: taskRoot, env: { ...env, AWS_LAMBDA_RUNTIME_API: address } },
      this,
    );
    this.#initTimer = setTimeout(() => this.#process?.kill(), INIT_LIMIT_MS);
    this.#giveCpu();
  }

  /** Hands out the waiting invocations that the process has asked for. */
  serve(): void {
    const { maxConcurrency = 1 } = this.#options;
    while (this.#polls.length > 0 && this.#inFlight.size < maxConcurrency) {
      const invocation = this.#listener.takeInvocation();
      if (!invocation) {
        if (!this.#isConcurrent) this.#process?.freeze();
        return;
      }
      this.#start(invocation, this.#polls.shift() as Hand);
    }
  }

  /** Ends the process and refuses the invocations in flight. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#process?.kill();
    await this.#gone;
  }

  findInvocation(requestId: string): Invocation | undefined {
    const invocation = this.#inFlight.get(requestId);
    return invocation?.outcome ? undefined : invocation;
  }

  onNext(hand: Hand): void {
    if (this.#initMs === undefined) {
      this.#initMs = performance.now() - this.#startedAtMs;
      clearTimeout(this.#initTimer);
      this.#cpu?.limit(this.#cpus);
    }
    this.#polls.push(hand);
    if (this.#isConcurrent) this.serve();
    else void this.#completeCurrent();
  }

  onOutcome(invocation: Invocation): void {
    // Without concurrency an invocation lasts until the process asks for the next one. Its last lines are here by then.
    // A client that streams can ask first: it sends the request and the answer over two connections.
    if (this.#isConcurrent) void this.#complete(invocation);
    else if (this.#polls.length > 0) void this.#completeCurrent();
  }

  onInitError(error: FunctionError): void {
    this.#initError ??= error;
    if (this.#isConcurrent) this.#process?.kill();
  }

  onLine(text: string): void {
    this.#log.writeHandlerLine(text, this.#isConcurrent ? this.#log.findInvocation(text) : this.#current);
  }

  async onExit(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    clearTimeout(this.#initTimer);
    this.#deadline.clear();
    // Whoever is answered below may invoke again at once, and a process that has ended takes no event.
    this.#polls.length = 0;
    if (this.#closed) {
      for (const invocation of this.#inFlight.values()) {
        invocation.refuse(new Error('The local Lambda was closed before the invocation ended'));
      }
    } else if (this.#initMs === undefined) {
      this.#failInit(exitReason(code, signal));
    } else {
      for (const invocation of this.#inFlight.values()) this.#cutOff(invocation, exitReason(code, signal));
    }
    await this.#leave();
  }

  get #isConcurrent(): boolean {
    return this.#options.maxConcurrency !== undefined;
  }

  /** How many CPUs, or which part of one, go with the memory. */
  get #cpus(): number {
    return this.#options.memoryMb / MB_OF_ONE_CPU;
  }

  /** The invocation in flight, where there can be only one. */
  get #current(): Invocation | undefined {
    return this.#inFlight.values().next().value;
  }

  /** Gives the process its CPU: at least a full one until it asks for its first event. */
  #giveCpu(): void {
    const processId = this.#process?.id;
    if (!this.#options.limitsCpu || processId === undefined) return;
    this.#cpu = new CpuGroup();
    this.#cpu.limit(Math.max(1, this.#cpus));
    this.#cpu.add(processId);
  }

  #start(invocation: Invocation, hand: Hand): void {
    this.#process?.thaw();
    this.#inFlight.set(invocation.requestId, invocation);
    invocation.processId = this.#process?.id;
    invocation.startedAtMs = performance.now();
    this.#log.begin(invocation);
    this.#log.writePlatformLine(startLine(invocation.requestId), invocation, invocation.startedAtMs);
    const { timeoutMs } = this.#options;
    hand(invocation, Date.now() + timeoutMs);
    if (!this.#isConcurrent)
      this.#deadline.set(invocation.startedAtMs + timeoutMs, () => this.#kill(invocation));
  }

  async #completeCurrent(): Promise<void> {
    const invocation = this.#current;
    if (invocation?.outcome) {
      this.#deadline.clear();
      await this.#complete(invocation);
    }
    this.serve();
  }

  async #complete(invocation: Invocation): Promise<void> {
    await pipesAreRead();
    if (!this.#inFlight.has(invocation.requestId)) return;
    this.#maxMemoryMb = this.#process?.maxMemoryMb();
    this.#settle(invocation);
    this.serve();
  }

  #kill(invocation: Invocation): void {
    const errorMessage = `RequestId: ${invocation.requestId} Error: ${timeoutMessage(this.#options.timeoutMs)}`;
    invocation.end({ status: 'timed out', error: { errorType: 'Sandbox.Timedout', errorMessage } });
    this.#killedAfterMs = invocation.elapsedMs();
    this.#maxMemoryMb = this.#process?.maxMemoryMb();
    this.#process?.kill();
  }

  /** Answers an invocation that the end of the process has cut off. */
  #cutOff(invocation: Invocation, reason: string): void {
    const { requestId } = invocation;
    if (this.#killedAfterMs !== undefined) {
      const killedAtMs = invocation.startedAtMs + this.#killedAfterMs;
      this.#log.writePlatformLine(timeoutLine(requestId, this.#options.timeoutMs), invocation, killedAtMs);
    } else {
      const errorMessage = `RequestId: ${requestId} Error: ${reason}`;
      this.#log.writePlatformLine(errorMessage, invocation);
      this.#log.writePlatformLine('Runtime.ExitError', invocation);
      invocation.end({ status: 'exited', error: { errorType: 'Runtime.ExitError', errorMessage } });
    }
    this.#settle(invocation);
  }

  #failInit(reason: string): void {
    const invocation = this.#listener.takeInvocation();
    if (!invocation) return;
    const error = this.#initError ?? {
      errorType: 'Runtime.ExitError',
      errorMessage: `RequestId: ${invocation.requestId} Error: ${reason}`,
    };
    invocation.processId = this.#process?.id;
    invocation.startedAtMs = this.#startedAtMs;
    this.#log.begin(invocation);
    this.#log.writePlatformLine(initReportLine(invocation.elapsedMs(), error.errorType), invocation);
    invocation.end({ status: 'init failed', error });
    invocation.settle();
  }

  #settle(invocation: Invocation): void {
    const { memoryMb } = this.#options;
    const initMs = this.#log.isFirstInvocation ? this.#initMs : undefined;
    const figures = { memoryMb, maxMemoryMb: this.#maxMemoryMb, initMs, killedAfterMs: this.#killedAfterMs };
    this.#log.writePlatformLine(endLine(invocation.requestId), invocation);
    this.#log.writePlatformLine(reportLine(invocation, figures), invocation);
    this.#inFlight.delete(invocation.requestId);
    invocation.settle();
  }

  async #leave(): Promise<void> {
    this.#cpu?.remove();
    await this.#api.close();
    this.#markGone();
    this.#listener.onGone();
  }
}
