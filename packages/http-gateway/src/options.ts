import { type Duration, durationMs, StatefulFunctionsError } from '@stateful-functions/core';
import type { PrometheusMetrics } from './prometheus-metrics.js';

/** How to start a gateway; everything has a default. */
export interface HttpGatewayOptions {
  /** The port to listen at; 8080 by default, and 0 for any that is free. */
  readonly port?: number;
  /** The address to listen at; `127.0.0.1` by default, which this machine alone can reach. */
  readonly host?: string;
  /** The secret that callers show as `authorization: Bearer …`; by default none is asked for. Not for `/healthz` and `/readyz`. */
  readonly token?: string;
  /** How long a call may take, and the most that callers may ask for by `?timeout=`; 30 s by default. */
  readonly timeout?: Duration;
  /** How long a client may take to send a request, of which its headers may take a third; 30 s by default. */
  readonly requestTimeout?: Duration;
  /** The largest body, in bytes; 1 MiB by default. */
  readonly bodyLimit?: number;
  /** Names of the request headers that become headers of the message; `traceparent` and `tracestate` by default. */
  readonly headers?: readonly string[];
  /** So many calls may be under way; 10,000 by default. More are refused with 503. */
  readonly maxCalls?: number;
  /** Their bodies may come to so many bytes; 64 MiB by default. More are refused with 503. */
  readonly maxBodyBytes?: number;
  /** So many connections may be open; 10,000 by default. More are closed as they come. */
  readonly maxConnections?: number;
  /** How long a stop waits for calls that are under way; 10 s by default. */
  readonly stopTimeout?: Duration;
  /** What the application was started with as `metrics`: served at `/metrics`. */
  readonly metrics?: PrometheusMetrics;
}

/** The options with every default in place. */
export interface GatewaySettings {
  readonly port: number;
  readonly host: string;
  readonly token: string | undefined;
  readonly timeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly bodyLimit: number;
  readonly headers: readonly string[];
  readonly maxCalls: number;
  readonly maxBodyBytes: number;
  readonly maxConnections: number;
  readonly stopTimeoutMs: number;
}

/** @throws SF_INVALID_OPTION, SF_INVALID_DURATION */
export function settle(options: HttpGatewayOptions): GatewaySettings {
  const { token, headers = ['traceparent', 'tracestate'] } = options;
  if (token !== undefined && !/^[\x21-\x7e]{1,4096}$/.test(token))
    throw invalid('token', 'no text of visible ASCII characters', 'Give one without spaces, long and random');
  const bad = headers.find((name) => !/^[a-zA-Z0-9!#$%&'*+.^_`|~-]+$/.test(name));
  if (bad !== undefined) throw invalid('headers', `a list with ${JSON.stringify(bad)}`, 'Give names of HTTP headers');
  const bodyLimit = whole('bodyLimit', options.bodyLimit ?? 1024 * 1024, 1);
  return {
    port: whole('port', options.port ?? 8080, 0, 65_535),
    host: options.host ?? '127.0.0.1',
    token,
    timeoutMs: whole('timeout', durationMs(options.timeout ?? 30_000), 1, 2 ** 30),
    requestTimeoutMs: whole('requestTimeout', durationMs(options.requestTimeout ?? 30_000), 1, 2 ** 30),
    bodyLimit,
    headers: headers.map((name) => name.toLowerCase()),
    maxCalls: whole('maxCalls', options.maxCalls ?? 10_000, 1),
    maxBodyBytes: whole('maxBodyBytes', options.maxBodyBytes ?? Math.max(64 * 1024 * 1024, bodyLimit), bodyLimit),
    maxConnections: whole('maxConnections', options.maxConnections ?? 10_000, 1),
    stopTimeoutMs: durationMs(options.stopTimeout ?? 10_000),
  };
}

function whole(name: string, value: number, least: number, most: number = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw invalid(name, String(value), `Set it to a whole number from ${least} to ${most}`);
}

function invalid(name: string, value: string, fix: string): StatefulFunctionsError {
  return new StatefulFunctionsError('SF_INVALID_OPTION', `${name} of the gateway is ${value}. ${fix}.`);
}
