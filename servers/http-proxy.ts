import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as the client sent it. */
export interface ProxiedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** An answer; the connection is reset after `cutAt` bytes of its body, if that is given. */
export interface ProxiedAnswer {
  readonly status: number;
  readonly headers?: IncomingHttpHeaders;
  readonly body?: string | Buffer;
  readonly cutAt?: number;
}

/**
 * What the proxy does with a request: it may pass it on to the server, or not, and answers as it likes, sooner or later.
 * Resolving `'reset'` cuts the connection instead of answering.
 */
export type Interception = (
  request: ProxiedRequest,
  pass: () => Promise<ProxiedAnswer>,
) => Promise<ProxiedAnswer | 'reset'>;

/**
 * A proxy in front of a real HTTP server that makes the network between misbehave.
 *
 * It passes the `Host` header on, so signed requests stay valid.
 */
export class HttpProxy implements AsyncDisposable {
  /** Replace it at any time; it counts for requests that come later. */
  intercept: Interception = (_request, pass) => pass();
  /** Requests so far, in the order they came. */
  readonly requests: ProxiedRequest[] = [];
  readonly #target: URL;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #server = createServer((incoming, response) => {
    // A client that has gone away is no news here.
    this.#handle(incoming, response).catch(() => response.destroy());
  });

  private constructor(target: string) {
    this.#target = new URL(target);
  }

  static async to(target: string): Promise<HttpProxy> {
    const proxy = new HttpProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    this.#agent.destroy();
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const received: ProxiedRequest = {
      method: incoming.method ?? 'GET',
      path: incoming.url ?? '/',
      headers: incoming.headers,
      body: await bodyOf(incoming),
    };
    this.requests.push(received);
    const answer = await this.intercept(received, () => this.#pass(received));
    if (answer === 'reset') {
      incoming.socket.resetAndDestroy();
      return;
    }
    const body = Buffer.from(answer.body ?? '');
    const { 'transfer-encoding': _, ...headers } = answer.headers ?? {};
    response.writeHead(answer.status, { 'content-length': body.byteLength, ...headers });
    if (answer.cutAt === undefined) response.end(body);
    else response.write(body.subarray(0, answer.cutAt), () => incoming.socket.destroy());
  }

  async #pass({ method, path, headers, body }: ProxiedRequest): Promise<ProxiedAnswer> {
    const { hostname, port } = this.#target;
    const outgoing = request({ agent: this.#agent, hostname, port, method, path, headers });
    outgoing.end(body);
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    return { status: answer.statusCode as number, headers: answer.headers, body: await bodyOf(answer) };
  }
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  return Buffer.concat(await message.toArray());
}
