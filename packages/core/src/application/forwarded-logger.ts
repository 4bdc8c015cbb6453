import { inspect } from 'node:util';
import { decode, encode } from '../codec/codec.js';
import type { Logger } from '../ports/logger.js';

const levels = ['trace', 'debug', 'info', 'warn', 'error'] as const;

/** A line of a log on its way to another thread. */
export interface LogLine {
  readonly level: (typeof levels)[number];
  /** In their encoding, which keeps errors whole. */
  readonly fields: Uint8Array;
  readonly message: string;
}

/** A logger whose lines another thread writes. */
export function forwardedLogger(forward: (line: LogLine) => void, bound: object = {}): Logger {
  const at = (level: LogLine['level']) => (fields: object, message: string) =>
    forward({ level, fields: encodeFields({ ...bound, ...fields }), message });
  const [trace, debug, info, warn, error] = levels.map(at) as [Line, Line, Line, Line, Line];
  const child = (fields: object) => forwardedLogger(forward, { ...bound, ...fields });
  return { trace, debug, info, warn, error, child };
}

type Line = (fields: object, message: string) => void;

export function writeLine(logger: Logger, { level, fields, message }: LogLine): void {
  logger[level](decode(fields) as object, message);
}

/** What is no data is shown as it would be printed: a line that is not exact is better than none. */
function encodeFields(fields: Readonly<Record<string, unknown>>): Uint8Array {
  try {
    return encode(fields);
  } catch {
    return encode(Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, shown(value)])));
  }
}

function shown(value: unknown): unknown {
  try {
    encode(value);
    return value;
  } catch {
    return inspect(value);
  }
}
