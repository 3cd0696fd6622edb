import type { Invocation } from './invocation.js';

/** The lines that the platform itself writes to a function's log. */
export const startLine = (requestId: string): string => `START RequestId: ${requestId} Version: $LATEST`;

export const endLine = (requestId: string): string => `END RequestId: ${requestId}`;

export const timeoutMessage = (timeoutMs: number): string =>
  `Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`;

export const timeoutLine = (requestId: string, timeoutMs: number): string =>
  `${new Date().toISOString()} ${requestId} ${timeoutMessage(timeoutMs)}`;

/** Why a process ended, in the platform's words. */
export function exitReason(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal) return `Runtime exited with error: signal: ${signal}`;
  return code === 0
    ? 'Runtime exited without providing a reason'
    : `Runtime exited with error: exit status ${code}`;
}

/** The figures in {@link reportLine} that are not the invocation's own. */
export interface ReportFigures {
  readonly memoryMb: number;
  /** Unknown on systems that do not report it. */
  readonly maxMemoryMb: number | undefined;
  /** Only after a cold start. */
  readonly initMs: number | undefined;
  /** Only after a kill. It can come after the answer. */
  readonly killedAfterMs: number | undefined;
}

export function reportLine(invocation: Invocation, figures: ReportFigures): string {
  const { requestId, outcome } = invocation;
  const { memoryMb, maxMemoryMb, initMs, killedAfterMs } = figures;
  const durationMs = killedAfterMs ?? invocation.durationMs;
  const fields = [
    `REPORT RequestId: ${requestId}`,
    `Duration: ${durationMs.toFixed(2)} ms`,
    `Billed Duration: ${Math.ceil(durationMs)} ms`,
    `Memory Size: ${memoryMb} MB`,
  ];
  if (maxMemoryMb !== undefined) fields.push(`Max Memory Used: ${maxMemoryMb} MB`);
  if (initMs !== undefined) fields.push(`Init Duration: ${initMs.toFixed(2)} ms`);
  if (killedAfterMs !== undefined) fields.push('Status: timeout');
  if (outcome?.status === 'exited') fields.push('Status: error', `Error Type: ${outcome.error?.errorType}`);
  return fields.join('\t');
}

export const initReportLine = (initMs: number, errorType: string): string =>
  `INIT_REPORT Init Duration: ${initMs.toFixed(2)} ms\tPhase: init\tStatus: error\tError Type: ${errorType}`;
