export interface Line {
  readonly level: 'error' | 'warn';
  readonly message: string;
  readonly detail: unknown;
}

/** A logger that keeps all lines. */
export class RecordingLogger {
  readonly lines: Line[] = [];

  error(message: string, detail: unknown): void {
    this.lines.push({ level: 'error', message, detail });
  }

  warn(message: string, detail: unknown): void {
    this.lines.push({ level: 'warn', message, detail });
  }

  get messages(): string[] {
    return this.lines.map(({ level, message }) => `${level}: ${message}`);
  }
}
