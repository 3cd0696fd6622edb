import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { setImmediate as nextImmediate } from 'node:timers/promises';

export interface HandlerProcessOptions {
  readonly execPath: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface HandlerProcessListener {
  onLine(text: string): void;
  /** Called once, after the last line. */
  onExit(code: number | null, signal: NodeJS.Signals | null): void;
}

/**
 * Waits for the output that a process wrote before it sent a message. When the message arrives, the output is in the
 * pipe, so the next full turn of the event loop reads it. Only output that did not fit into the pipe can come later.
 */
export async function pipesAreRead(): Promise<void> {
  await nextImmediate();
  await nextImmediate();
}

/**
 * The command that runs another one with a single pipe for its output and its errors: with two pipes, nobody could tell
 * which line came first. With `exec` the shell becomes the program, in the same process. Windows has no such shell.
 *
 * A frozen process does not notice when this process is killed. So the system kills the frozen one too, where it can.
 */
const inOnePipe = (command: readonly string[]): readonly string[] =>
  process.platform === 'win32'
    ? command
    : ['/bin/sh', '-c', `${WITH_PARENT}; exec "$0" "$@" 2>&1`, ...command];

const WITH_PARENT = 'setpriv --pdeathsig KILL true 2>&- && exec setpriv --pdeathsig KILL "$0" "$@" 2>&1';

/** The process that runs the handler, and what it prints, line by line. */
export class HandlerProcess {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #kill = () => this.kill();

  constructor({ execPath, args, cwd, env }: HandlerProcessOptions, listener: HandlerProcessListener) {
    const [program = '', ...rest] = inOnePipe([execPath, ...args]);
    this.#child = spawn(program, rest, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const { stdout, stderr } = this.#child;
    const flushStdout = eachLine(stdout, (text) => listener.onLine(text));
    const flushStderr = eachLine(stderr, (text) => listener.onLine(text));
    const ended = async (code: number | null, signal: NodeJS.Signals | null) => {
      process.off('exit', this.#kill);
      await pipesAreRead();
      // A child process of the handler can keep the pipes open for ever.
      for (const stream of [stdout, stderr]) stream.destroy();
      flushStdout();
      flushStderr();
      listener.onExit(code, signal);
    };
    this.#child.once('exit', ended).once('error', (error) => {
      listener.onLine(String(error));
      if (this.#child.pid === undefined) void ended(1, null);
    });
    process.once('exit', this.#kill);
  }

  get id(): number | undefined {
    return this.#child.pid;
  }

  /** The peak of its memory, on systems that report it. */
  maxMemoryMb(): number | undefined {
    try {
      const status = readFileSync(`/proc/${this.id}/status`, 'utf8');
      const kilobytes = status.match(/^VmHWM:\s*(\d+)/m)?.[1];
      return kilobytes === undefined ? undefined : Math.ceil(Number(kilobytes) / 1024);
    } catch {
      return undefined;
    }
  }

  /** Stops the process until `thaw()`. It can still be killed. Windows cannot stop a process, so there it goes on. */
  freeze(): void {
    if (process.platform !== 'win32') this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    if (process.platform !== 'win32') this.#child.kill('SIGCONT');
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Calls back with each line. Returns a function that calls back with the unfinished line, if there is one. */
function eachLine(stream: Readable, onLine: (text: string) => void): () => void {
  let rest = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  return () => {
    if (rest !== '') onLine(rest);
    rest = '';
  };
}
