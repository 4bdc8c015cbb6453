import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type CallOptions, type Client, type Duration, durationMs } from '@stateful-functions/core';
import { type CallTarget, callTargetOf, parametersOf } from './call-target.js';
import { GatewayError } from './gateway-error.js';
import { readJson } from './json-request.js';

/** A call as it came by HTTP. */
export interface Request {
  readonly method: string;
  /** Path and query, as they came. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** `undefined` if there is none. */
  readonly body: unknown;
}

/** A call that can be made. */
export interface Call {
  readonly kind: 'send' | 'ask' | 'query';
  readonly target: CallTarget;
  readonly message: unknown;
  readonly options: CallOptions & { readonly timeout: number };
}

export interface CallLimits {
  /** How long a call may take: by default, and at most. */
  readonly timeoutMs: number;
  /** Names of the headers that go with the message, in lower case. */
  readonly headers: readonly string[];
}

/** A longer path may be anything but an address that somebody made up for people. */
const longestUrl = 8_192;
const longestKey = 1_024;

/**
 * Reads what a request asks for.
 *
 * @throws GatewayError; StatefulFunctionsError for functions and operations that there are not.
 */
export function callOf(request: Request, client: Client, limits: CallLimits): Call {
  const { method, url } = request;
  if (url.length > longestUrl) {
    throw new GatewayError(
      'SF_HTTP_TOO_LARGE',
      414,
      `the URL has ${url.length} characters. Use at most ${longestUrl}; a query takes its input as the body of a POST, too.`,
    );
  }
  const [path = '', ...search] = url.split('?');
  const target = callTargetOf(path);
  const kind = client.kindOf(target.type, target.operation);
  const parameters = parametersOf(search.join('?'), parametersFor(kind, method));
  if (method === 'GET' && kind !== 'query') {
    const message = `${target.type}${target.operation === undefined ? '' : `.${target.operation}`} may change state. Use POST.`;
    throw new GatewayError('SF_HTTP_METHOD', 405, message, { allow: 'POST' });
  }
  const input = parameters.get('input');
  return {
    kind,
    target,
    message: method === 'GET' ? input && readJson(input, 'the query parameter input') : request.body,
    options: optionsOf(request.headers, parameters, target, limits),
  };
}

function parametersFor(kind: Call['kind'], method: string): readonly string[] {
  if (kind === 'send') return ['timeout'];
  return method === 'GET' ? ['input', 'consistency', 'timeout'] : ['consistency', 'timeout'];
}

function optionsOf(
  headers: IncomingHttpHeaders,
  parameters: ReadonlyMap<string, string>,
  target: CallTarget,
  limits: CallLimits,
): Call['options'] {
  const consistency = parameters.get('consistency') ?? 'committed';
  if (consistency !== 'committed' && consistency !== 'processed') {
    throw malformed(`consistency is ${JSON.stringify(consistency)}. Use committed or processed.`);
  }
  const key = headers['idempotency-key'];
  return {
    consistency,
    timeout: timeoutOf(parameters.get('timeout'), limits.timeoutMs),
    headers: headersOf(headers, limits.headers),
    ...(key === undefined ? {} : { idempotencyKey: keyOf(key, target) }),
  };
}

function timeoutOf(text: string | undefined, mostMs: number): number {
  if (text === undefined) return mostMs;
  const ms = durationMs((/^\d+$/.test(text) ? Number(text) : text) as Duration);
  return Math.min(Math.max(ms, 1), mostMs);
}

function headersOf(headers: IncomingHttpHeaders, names: readonly string[]): Record<string, string> {
  const taken: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (value !== undefined) taken[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return taken;
}

/**
 * The key within the application, of one length for all: a key counts for one operation of one address, so that callers who
 * number their calls do not take each other's for repeats.
 */
function keyOf(key: string | string[], { type, id, operation }: CallTarget): string {
  if (typeof key !== 'string' || key === '' || key.length > longestKey) {
    throw malformed(`the Idempotency-Key is empty or too long. Use 1 to ${longestKey} characters, such as a UUID.`);
  }
  return createHash('sha256')
    .update(JSON.stringify([type, id, operation, key]))
    .digest('base64url');
}

function malformed(message: string): GatewayError {
  return new GatewayError('SF_HTTP_MALFORMED', 400, message);
}
