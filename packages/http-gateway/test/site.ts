import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Application, type RunningApplication, type StartOptions, silentLogger } from '@stateful-functions/core';
import { HttpGateway, type HttpGatewayOptions } from '../src/index.js';
import { Shop } from './shop.js';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body, if it is JSON. */
  readonly json: unknown;
}

export interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  /** A body as it is, in place of JSON. */
  readonly raw?: string | Buffer;
  readonly headers?: Record<string, string>;
}

/** An application on a folder of its own, with a gateway in front: stopped, and the folder removed, when it is disposed. */
export class Site implements AsyncDisposable {
  private constructor(
    readonly shop: Shop,
    readonly app: RunningApplication,
    readonly gateway: HttpGateway,
    readonly folder: string,
  ) {}

  static async open(options: HttpGatewayOptions = {}, start: StartOptions = {}, module?: URL): Promise<Site> {
    const folder = await mkdtemp(join(tmpdir(), 'gateway-'));
    const shop = new Shop();
    const app = await Application.from(module ?? shop).start({
      checkpoints: { directory: join(folder, 'state') },
      handleSignals: false,
      logger: silentLogger,
      ...start,
    });
    return new Site(shop, app, await HttpGateway.start(app, { port: 0, ...options }), folder);
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.call(path, { method: 'GET', headers });
  }

  post(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.call(path, { body, headers });
  }

  /** Sends a path as it is: `fetch` would tidy it up. */
  call(path: string, { method = 'POST', body, raw, headers = {} }: Asked = {}): Promise<Answer> {
    const { port } = this.gateway;
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const type = payload === undefined ? {} : { 'content-type': 'application/json' };
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path, method, headers: { ...type, ...headers }, agent: false });
      sent.on('error', reject);
      sent.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const isJson = /json/.test(response.headers['content-type'] ?? '');
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            json: isJson ? JSON.parse(text) : undefined,
          });
        });
      });
      sent.end(payload);
    });
  }

  /** Sends bytes as they are; resolves with all that comes back until the connection is closed. */
  bytes(sent: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.gateway.port, '127.0.0.1', () => socket.write(sent));
      let received = '';
      socket.on('data', (chunk) => {
        received += chunk.toString();
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(received));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.shop.gate.open();
    await this.gateway.stop();
    await this.app.stop();
    await rm(this.folder, { recursive: true });
  }
}

/** What a refused call is to answer. */
export function refused({ status, headers, json }: Answer): { status: number; code: string } {
  const problem = json as { type: string; title: string; status: number; detail: string; code: string };
  if (headers['content-type'] !== 'application/problem+json')
    throw new Error(`not a problem: ${headers['content-type']}`);
  if (problem.status !== status || problem.type !== 'about:blank' || !problem.title || !problem.detail)
    throw new Error(`no complete problem: ${JSON.stringify(problem)}`);
  return { status, code: problem.code };
}
