import type { Logger } from '@stateful-functions/core';

/** Keeps what is logged, as `[level, message, fields]`. */
export class RecordingLogger implements Logger {
  readonly lines: (readonly [level: string, message: string, fields: object])[] = [];

  trace = (fields: object, message: string) => this.#log('trace', message, fields);
  debug = (fields: object, message: string) => this.#log('debug', message, fields);
  info = (fields: object, message: string) => this.#log('info', message, fields);
  warn = (fields: object, message: string) => this.#log('warn', message, fields);
  error = (fields: object, message: string) => this.#log('error', message, fields);
  child = () => this;

  has(message: string): boolean {
    return this.lines.some((line) => line[1] === message);
  }

  #log(level: string, message: string, fields: object): void {
    this.lines.push([level, message, fields]);
  }
}
