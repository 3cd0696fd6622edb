import { EventEmitter, once } from 'node:events';
import { resolve } from 'node:path';
import { canLimitCpu } from './cpu-group.js';
import { ExecutionEnvironment } from './execution-environment.js';
import { Invocation, type InvocationResult, type LogLine } from './invocation.js';
import { findRuntimeClient, type RuntimeClient, type RuntimeClientName } from './runtime-client.js';

export interface LocalLambdaOptions {
  /** The folder of the deployment package. */
  readonly taskRoot: string;
  /** As in the function's configuration: `handler.handler`, or `folder/file.export`. */
  readonly handler: string;
  /** The function's timeout. */
  readonly timeoutMs: number;
  /**
   * The function's memory, in MB. It also sets the share of the CPU: one CPU at 1769 MB, from the first event on. Default:
   * 128 MB, but with all of the CPU. The share needs cgroups that this process can write. Without them there is a warning,
   * or an error if `CPU_SHARE=required` is in the environment.
   */
  readonly memoryMb?: number;
  /** Environment variables in addition to those that every function has. */
  readonly env?: Readonly<Record<string, string>>;
  /** A client by its name, or another version of one. Default: AWS's own where it is installed and compiled. */
  readonly client?: RuntimeClientName | RuntimeClient;
  /** The `node` to run. Default: the one that runs now. */
  readonly execPath?: string;
  readonly execArgv?: readonly string[];
  /** Runs the function as Lambda Managed Instances do: in worker threads, concurrently, with no timeout enforced. */
  readonly maxConcurrency?: number;
  /** Worker threads of a managed instance. Default: 1. */
  readonly workerCount?: number;
  /** Called with each line of the log as it is written. */
  readonly onLine?: (line: LogLine) => void;
}

const DEFAULT_MEMORY_MB = 128;
const MAX_LINE_DELAY_MS = 5000;

/**
 * A Lambda function on this machine. Its events have a real deadline, and a process that misses the deadline is killed.
 * Its log is the one that CloudWatch would show.
 */
export class LocalLambda {
  /** Every line of every invocation, and the lines between invocations. */
  readonly log: LogLine[] = [];
  readonly #options: LocalLambdaOptions;
  readonly #client: RuntimeClient;
  readonly #queue: Invocation[] = [];
  readonly #lines = new EventEmitter();
  #environment: ExecutionEnvironment | undefined;
  readonly #limitsCpu: boolean;
  #closed = false;

  /** @throws Error if the requested client is missing, or does not support the options */
  constructor(options: LocalLambdaOptions) {
    this.#options = options;
    this.#client = typeof options.client === 'object' ? options.client : findRuntimeClient(options.client);
    if (options.maxConcurrency !== undefined && this.client === 'embedded') {
      throw new Error(
        '`maxConcurrency` needs aws-lambda-ric: the embedded client runs one invocation at a time.',
      );
    }
    this.#limitsCpu = options.memoryMb !== undefined && canLimitCpu();
  }

  /** Which runtime client runs the handler. */
  get client(): RuntimeClientName {
    return this.#client.name;
  }

  /**
   * Invokes the function after all earlier invocations. Rejects only if the function is closed first.
   *
   * @param onPart - called with each part of a streamed response as it arrives, without the HTTP prelude
   */
  invoke(event: unknown, onPart?: (part: string) => void): Promise<InvocationResult> {
    const invocation = new Invocation(event, onPart);
    if (this.#closed) invocation.refuse(new Error('The local Lambda is closed'));
    else {
      this.#queue.push(invocation);
      this.#serve();
    }
    return invocation.result;
  }

  /**
   * Waits for a line of the log. On Managed Instances it can come after the response, because the output of a worker
   * thread goes through the main thread.
   *
   * @returns the line; undefined if there is none within five seconds
   */
  async findLine(isWanted: (line: LogLine) => boolean): Promise<LogLine | undefined> {
    const signal = AbortSignal.timeout(MAX_LINE_DELAY_MS);
    let line = this.log.find(isWanted);
    while (!line && !signal.aborted) {
      await once(this.#lines, 'line', { signal }).catch(() => {});
      line = this.log.find(isWanted);
    }
    return line;
  }

  /** Ends the process. Rejects the invocations that are still in flight or in the queue. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const invocation of this.#queue.splice(0)) {
      invocation.refuse(new Error('The local Lambda was closed before the invocation began'));
    }
    await this.#environment?.close();
  }

  #serve(): void {
    if (this.#environment) this.#environment.serve();
    else if (this.#queue.length > 0) this.#startEnvironment();
  }

  #startEnvironment(): void {
    const { taskRoot, handler, timeoutMs, memoryMb, maxConcurrency } = this.#options;
    const { execPath = process.execPath, execArgv = [] } = this.#options;
    this.#environment = new ExecutionEnvironment(
      {
        execPath,
        // The environment names the handler too, but version 3 of AWS's client wants it as an argument.
        args: [...heapFlags(memoryMb), ...execArgv, this.#client.path, handler],
        taskRoot: resolve(taskRoot),
        env: this.#createEnv(),
        timeoutMs,
        memoryMb: memoryMb ?? DEFAULT_MEMORY_MB,
        limitsCpu: this.#limitsCpu,
        maxConcurrency,
      },
      {
        takeInvocation: () => this.#queue.shift(),
        onLine: (line) => {
          this.log.push(line);
          this.#lines.emit('line');
          this.#options.onLine?.(line);
        },
        onGone: () => {
          this.#environment = undefined;
          this.#serve();
        },
      },
    );
    void this.#environment.start();
  }

  /** The environment of the function. From the environment of this process it has only the path. */
  #createEnv(): Record<string, string> {
    const { taskRoot, handler, maxConcurrency, workerCount = 1, env } = this.#options;
    const { memoryMb = DEFAULT_MEMORY_MB } = this.#options;
    const { PATH = '' } = process.env;
    const managed = {
      AWS_LAMBDA_INITIALIZATION_TYPE: 'lambda-managed-instances',
      AWS_LAMBDA_MAX_CONCURRENCY: String(maxConcurrency),
      AWS_LAMBDA_NODEJS_WORKER_COUNT: String(workerCount),
    };
    return {
      PATH,
      LANG: 'en_US.UTF-8',
      TZ: ':UTC',
      _HANDLER: handler,
      LAMBDA_TASK_ROOT: resolve(taskRoot),
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_SESSION_TOKEN: 'local',
      AWS_LAMBDA_FUNCTION_NAME: 'local',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/local',
      AWS_LAMBDA_LOG_STREAM_NAME: 'local',
      ...(maxConcurrency === undefined ? { AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand' } : managed),
      ...env,
    };
  }
}

/** The heap that the managed runtimes give Node: a tenth of the memory for new objects, the rest for old ones. */
function heapFlags(memoryMb: number | undefined): readonly string[] {
  if (memoryMb === undefined) return [];
  const newMb = Math.floor(memoryMb / 10);
  return [`--max-semi-space-size=${Math.floor(newMb / 2)}`, `--max-old-space-size=${memoryMb - newMb}`];
}
