import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Frame } from '../page/frame.js';

/** What the page shows and does. */
export interface City {
  readonly frame: Frame;
  kill(node: string): boolean;
}

/** The page's files, by path: those that the compiler makes, and those that are as they are. */
const files: Readonly<Record<string, readonly [type: string, file: URL]>> = {
  '/': ['text/html', new URL('../../page/index.html', import.meta.url)],
  '/style.css': ['text/css', new URL('../../page/style.css', import.meta.url)],
  ...Object.fromEntries(
    ['main.js', 'frame.js', 'city-map.js', 'history.js', 'panel.js'].map((name) => [
      `/${name}`,
      ['text/javascript', new URL(`../page/${name}`, import.meta.url)],
    ]),
  ),
};

const frameEveryMs = 200;

/** Shows a city to browsers on this machine: a page, and a stream of frames that keeps it alive. */
export class PageServer implements AsyncDisposable {
  readonly #city: City;
  readonly #server: Server;
  readonly #watchers = new Set<ServerResponse>();
  readonly #timer: NodeJS.Timeout;

  private constructor(city: City) {
    this.#city = city;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    this.#timer = setInterval(() => this.#broadcast(), frameEveryMs);
  }

  /** @param port 0 for any that is free */
  static async start(city: City, port: number): Promise<PageServer> {
    const server = new PageServer(city);
    try {
      server.#server.listen(port, '127.0.0.1');
      await once(server.#server, 'listening');
      return server;
    } catch (error) {
      clearInterval(server.#timer);
      throw error;
    }
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    const closed = once(this.#server, 'close');
    this.#server.close();
    await Promise.all([...this.#watchers].map((watcher) => this.#dismiss(watcher)));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', this.url);
    const killed = /^\/nodes\/([\w-]+)\/kill$/.exec(pathname)?.[1];
    if (request.method === 'POST' && killed !== undefined) this.#kill(killed, request, response);
    else if (request.method !== 'GET') end(response, 405);
    else if (pathname === '/events') this.#watch(response);
    else if (Object.hasOwn(files, pathname)) {
      const [type, file] = files[pathname] as readonly [string, URL];
      response.setHeader('content-type', `${type}; charset=utf-8`);
      response.end(await readFile(file));
    } else end(response, 404);
  }

  /** Only for the page itself: other sites that a browser shows must not kill anything. */
  #kill(node: string, request: IncomingMessage, response: ServerResponse): void {
    if (request.headers.origin !== this.url) end(response, 403);
    else end(response, this.#city.kill(node) ? 204 : 404);
  }

  #watch(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(eventOf(this.#city.frame));
    this.#watchers.add(response);
    response.once('close', () => this.#watchers.delete(response));
  }

  /** Shows the last picture, to those who keep up. */
  async #dismiss(watcher: ServerResponse): Promise<void> {
    if (watcher.writableNeedDrain) watcher.destroy();
    else await new Promise<void>((resolve) => watcher.once('close', resolve).end(eventOf(this.#city.frame)));
  }

  #broadcast(): void {
    if (this.#watchers.size === 0) return;
    const event = eventOf(this.#city.frame);
    // Who does not keep up misses pictures: the next one has everything.
    for (const watcher of this.#watchers) if (!watcher.writableNeedDrain) watcher.write(event);
  }
}

function eventOf(frame: Frame): string {
  return `data: ${JSON.stringify(frame)}\n\n`;
}

function end(response: ServerResponse, status: number): void {
  response.statusCode = status;
  response.end();
}
