import { STATUS_CODES } from 'node:http';
import { CallError, type ErrorCode, StatefulFunctionsError } from '@stateful-functions/core';
import { GatewayError } from './gateway-error.js';

/** Why there is no answer, as RFC 9457 has it: the body of every response with a status of 400 or more. */
export interface Problem {
  /** The codes say more than a type could, so there is none of our own. */
  readonly type: 'about:blank';
  /** What the status means. */
  readonly title: string;
  readonly status: number;
  /** For people; it may change. */
  readonly detail: string;
  /** For programs: `SF_…`, or what the function passed to `ctx.fail`. */
  readonly code: string;
}

export const problemType = 'application/problem+json';

/** A problem, and the headers that go with it. */
export interface Refusal {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
}

/** What to answer when something was thrown. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof GatewayError) return refusal(error.status, error.code, error.message, error.headers);
  if (error instanceof CallError) return refusal(statusOfOutcome(error.code), error.code, error.message);
  if (error instanceof StatefulFunctionsError) {
    const status = statusOfRefusal[error.code] ?? 500;
    return refusal(status, error.code, error.message, status === 503 ? retryLater : {});
  }
  return refusal(500, 'SF_HTTP_INTERNAL', 'the gateway failed; its log says how. Try again.');
}

/** For answers that another attempt may not get, in seconds. */
export const retryLater = { 'retry-after': '1' };

export function problemOf(status: number, code: string, detail: string): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, code };
}

function refusal(
  status: number,
  code: string,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): Refusal {
  return { problem: problemOf(status, code, detail), headers };
}

/** Of calls that never reached a function. */
const statusOfRefusal: Partial<Record<ErrorCode, number>> = {
  SF_INVALID_ID: 400,
  SF_INVALID_DURATION: 400,
  SF_INVALID_NAME: 404,
  SF_UNBOUND_FUNCTION: 404,
  SF_UNKNOWN_OPERATION: 404,
  SF_SCHEMA: 422,
  SF_UNSUPPORTED_VALUE: 422,
  SF_STOPPED: 503,
  SF_INTERRUPTED: 503,
  SF_ASK_TIMEOUT: 504,
};

/** Of calls that a function answered with a failure, or not at all. What it says by `ctx.fail` is the caller's to deal with. */
function statusOfOutcome(code: string): number {
  if (code === 'SF_ASK_TIMEOUT' || code === 'SF_HANDLER_TIMEOUT') return 504;
  if (code === 'SF_STOPPED' || code === 'SF_INTERRUPTED') return 503;
  return code.startsWith('SF_') ? 502 : 409;
}
