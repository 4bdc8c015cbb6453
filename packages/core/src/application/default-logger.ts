import pino from 'pino';
import type { Logger } from '../ports/logger.js';

/** Warnings and errors to the standard error output, one JSON object a line. */
export function defaultLogger(): Logger {
  return pino({ name: 'stateful-functions', level: 'warn' }, pino.destination(2));
}
