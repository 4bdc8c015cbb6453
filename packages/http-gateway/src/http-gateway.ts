import type { AddressInfo, Socket } from 'node:net';
import { CallError, type RunningApplication, StatefulFunctionsError } from '@stateful-functions/core';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { Admission, type Admitted } from './admission.js';
import { BearerToken } from './bearer-token.js';
import { type Call, callOf } from './call.js';
import { GatewayError } from './gateway-error.js';
import { writeReply } from './json-reply.js';
import { readBody } from './json-request.js';
import { type GatewaySettings, type HttpGatewayOptions, settle } from './options.js';
import { problemOf, problemType, type Refusal, refusalOf, retryLater } from './problem.js';
import type { PrometheusMetrics } from './prometheus-metrics.js';

const idleTimeoutMs = 60_000;
const maxHeaderBytes = 16 * 1024;

/** What has been let in. */
const admitted = Symbol('admitted');
type AdmittedRequest = FastifyRequest & { [admitted]?: Admitted };

/**
 * Calls functions of an application over HTTP.
 *
 * `POST /v1/{namespace}/{name}/{id}` sends to a function that has `invoke`; `POST /v1/{namespace}/{name}/{id}/{operation}` calls
 * an operation of a contract, and `GET` one that is a query. `/healthz`, `/readyz` and `/metrics` are for operators.
 *
 * It stops with its application.
 */
export class HttpGateway implements AsyncDisposable {
  readonly #app: RunningApplication;
  readonly #settings: GatewaySettings;
  readonly #metrics: PrometheusMetrics | undefined;
  readonly #token: BearerToken | undefined;
  readonly #admission: Admission;
  readonly #server: FastifyInstance;
  #stopping: Promise<void> | undefined;

  private constructor(app: RunningApplication, options: HttpGatewayOptions) {
    this.#app = app;
    this.#settings = settle(options);
    this.#metrics = options.metrics;
    const { token, maxCalls, maxBodyBytes } = this.#settings;
    this.#token = token === undefined ? undefined : new BearerToken(token);
    this.#admission = new Admission(maxCalls, maxBodyBytes);
    this.#server = this.#makeServer();
  }

  /**
   * Starts a gateway in front of an application; resolves when it listens.
   *
   * @throws SF_INVALID_OPTION, SF_INVALID_DURATION; what the system says of a port that cannot be had (`EADDRINUSE`, …)
   */
  static async start(app: RunningApplication, options: HttpGatewayOptions = {}): Promise<HttpGateway> {
    const gateway = new HttpGateway(app, options);
    const { host, port } = gateway.#settings;
    await gateway.#server.listen({ host, port, backlog: 1_024 });
    const stop = () => void gateway.stop();
    app.finished.then(stop, stop);
    return gateway;
  }

  /** The port that it listens at. */
  get port(): number {
    return (this.#server.server.address() as AddressInfo).port;
  }

  /** Where it can be reached: `http://127.0.0.1:8080`. */
  get url(): string {
    const { address, family, port } = this.#server.server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /** Refuses new calls, answers those that are under way, and closes all connections. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#settings.stopTimeoutMs);
    });
    await Promise.race([this.#admission.whenEmpty(), timeout]);
    clearTimeout(timer);
    const closed = this.#server.close();
    this.#server.server.closeAllConnections();
    await closed;
  }

  // --- The server

  #makeServer(): FastifyInstance {
    const { bodyLimit, timeoutMs, requestTimeoutMs, maxConnections } = this.#settings;
    const server = fastify({
      bodyLimit,
      requestTimeout: requestTimeoutMs,
      connectionTimeout: timeoutMs + requestTimeoutMs,
      keepAliveTimeout: idleTimeoutMs,
      http: {
        maxHeaderSize: maxHeaderBytes,
        headersTimeout: Math.ceil(requestTimeoutMs / 3),
        connectionsCheckingInterval: Math.min(1_000, requestTimeoutMs),
      },
      exposeHeadRoutes: false,
      return503OnClosing: false,
      routerOptions: { maxParamLength: maxHeaderBytes },
      clientErrorHandler,
      frameworkErrors: (error, _request, reply) => refuse(reply, refusalOf(translated(error))),
    });
    server.server.maxConnections = maxConnections;
    server.removeAllContentTypeParsers();
    server.addContentTypeParser('*', { parseAs: 'buffer' }, async (request: FastifyRequest, body: string | Buffer) => {
      if (request.headers['content-encoding'] !== undefined)
        throw new GatewayError('SF_HTTP_MEDIA_TYPE', 415, 'the body is compressed. Send it as it is.');
      return readBody(body as Buffer, request.headers['content-type']);
    });
    if (this.#metrics !== undefined) this.#measure(server, this.#metrics);
    server.setErrorHandler((error, _request, reply) => this.#refuse(reply, error));
    server.setNotFoundHandler((request) => {
      if (!request.url.startsWith('/v1/'))
        throw new GatewayError('SF_HTTP_NO_ROUTE', 404, 'no such path. Calls begin with /v1/.');
      const message = `${request.method} means nothing here. Use POST, or GET for a query.`;
      throw new GatewayError('SF_HTTP_METHOD', 405, message, { allow: 'GET, POST' });
    });
    server.get('/healthz', async () => ({ status: 'ok' }));
    server.get('/readyz', async (_request, reply) => this.#ready(reply));
    server.get('/metrics', { onRequest: async (request) => this.#authenticate(request) }, async (_request, reply) => {
      if (this.#metrics === undefined) {
        throw new GatewayError(
          'SF_HTTP_NO_ROUTE',
          404,
          'no metrics are kept. Start application and gateway with metrics.',
        );
      }
      return reply.type(this.#metrics.contentType).send(await this.#metrics.text());
    });
    server.route({
      method: ['GET', 'POST'],
      url: '/v1/*',
      onRequest: async (request, reply) => this.#admit(request, reply),
      handler: async (request, reply) => this.#handle(request, reply),
    });
    return server;
  }

  #measure(server: FastifyInstance, metrics: PrometheusMetrics): void {
    server.addHook('onResponse', async ({ method }, reply) => {
      const labels = { method, status: String(reply.statusCode) };
      metrics.observe('sf_http_request_duration_seconds', reply.elapsedTime / 1_000, labels);
      metrics.gauge('sf_http_calls', this.#admission.calls);
    });
  }

  #ready(reply: FastifyReply): unknown {
    if (this.#app.isReady && this.#stopping === undefined) return { status: 'ready' };
    return refuse(reply, {
      problem: problemOf(503, 'SF_STOPPED', 'messages are not handled at present.'),
      headers: retryLater,
    });
  }

  #authenticate(request: FastifyRequest): void {
    if (this.#token === undefined || this.#token.admits(request.headers.authorization)) return;
    const message = 'the token is missing or wrong. Send the header authorization: Bearer …';
    throw new GatewayError('SF_HTTP_UNAUTHORIZED', 401, message, { 'www-authenticate': 'Bearer' });
  }

  #admit(request: AdmittedRequest, reply: FastifyReply): void {
    this.#authenticate(request);
    if (this.#stopping !== undefined || this.#app.isStopping) {
      reply.header('connection', 'close');
      throw new StatefulFunctionsError('SF_STOPPED', 'the application is stopping. Call another, or this one later.');
    }
    // A body that does not say its length may have any.
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
    const { bodyLimit } = this.#settings;
    const bytes = encoding === undefined ? Number(length ?? 0) : bodyLimit;
    const slot = this.#admission.admit(Math.min(bytes, bodyLimit));
    if (slot === undefined) {
      throw new GatewayError('SF_HTTP_OVERLOADED', 503, 'too many calls are under way. Try again later.', retryLater);
    }
    request[admitted] = slot;
    reply.raw.once('close', () => slot.release());
  }

  async #handle(request: AdmittedRequest, reply: FastifyReply): Promise<unknown> {
    const slot = request[admitted] as Admitted;
    slot.hold();
    try {
      const { method, body, headers } = request;
      const call = callOf({ method, url: request.raw.url ?? '', headers, body }, this.#app.client, this.#settings);
      const value = await this.#make(call);
      if (call.kind === 'send') return reply.code(202).send();
      return reply.type('application/json; charset=utf-8').send(writeReply(value));
    } finally {
      slot.release();
    }
  }

  /** A send has no timeout of its own: it is over when its checkpoint is. */
  async #make({ kind, target, message, options }: Call): Promise<unknown> {
    const { type, id, operation } = target;
    const calling = this.#app.client.call(type, id, operation, message, options);
    if (kind !== 'send') return calling;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const why = `the message was not durable within ${options.timeout} ms. It may still take effect.`;
      timer = setTimeout(() => reject(new CallError('SF_ASK_TIMEOUT', why)), options.timeout);
    });
    return Promise.race([calling, late]).finally(() => clearTimeout(timer));
  }

  #refuse(reply: FastifyReply, thrown: unknown): FastifyReply {
    const error = translated(thrown);
    const refusal = refusalOf(error);
    if (refusal.problem.code === 'SF_HTTP_INTERNAL') this.#app.logger.error({ err: error }, 'the gateway failed');
    return refuse(reply, refusal);
  }
}

/** Bytes, since the server gives a text a charset, which this type has none of. */
function refuse(reply: FastifyReply, { problem, headers }: Refusal): FastifyReply {
  return reply
    .code(problem.status)
    .headers(headers)
    .type(problemType)
    .send(Buffer.from(JSON.stringify(problem)));
}

/** What the server itself has against a request, in our own codes. */
function translated(error: unknown): unknown {
  const { code } = (error ?? {}) as { code?: unknown };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new GatewayError('SF_HTTP_TOO_LARGE', 413, 'the body is larger than allowed. Send less at a time.');
  if (code === 'FST_ERR_CTP_INVALID_CONTENT_LENGTH')
    return new GatewayError('SF_HTTP_MALFORMED', 400, 'the body is not as long as its content-length. Mend that.');
  if (code === 'FST_ERR_BAD_URL')
    return new GatewayError('SF_HTTP_MALFORMED', 400, 'the URL is not percent-encoded UTF-8. Encode it.');
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new GatewayError('SF_HTTP_MEDIA_TYPE', 415, 'the content-type is malformed. Send application/json.');
  return error;
}

/** Answers what is not HTTP, or too much or too slow for it: there is no request yet that could be answered. */
function clientErrorHandler(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const problem =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? problemOf(431, 'SF_HTTP_TOO_LARGE', `URL and headers together are longer than ${maxHeaderBytes} bytes.`)
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? problemOf(408, 'SF_HTTP_SLOW', 'the request did not arrive in time. Send it faster.')
        : problemOf(400, 'SF_HTTP_MALFORMED', 'the request is no HTTP/1.1.');
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${problem.title}`,
    `content-type: ${problemType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
