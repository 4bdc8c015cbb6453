import { type FileHandle, link, mkdir, open, unlink } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';

interface Visit {
  readonly name: string;
  readonly pages: readonly string[];
}

/**
 * The floor of durable replies: a plain `node:http` server that counts visits and answers once its changes are durable.
 *
 * Whoever comes while others are being made durable waits for the next turn, which is for all of them. A turn writes what
 * changed as a checkpoint of little does: a new file, sync, link, sync of the folder. What it lacks is everything else: routing,
 * schemas, copies, rollback, messages, recovery.
 */
export class BareServer {
  readonly #visitors = new Map<string, { seen: number; last: string }>();
  readonly #directory: string;
  readonly #server: Server;
  #folder!: FileHandle;
  #changes: string[] = [];
  #waiting: (() => void)[] = [];
  #turn: Promise<void> | undefined;
  turns = 0;

  constructor(directory: string) {
    this.#directory = directory;
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => this.#visit(request.url as string, Buffer.concat(chunks).toString(), response));
    });
  }

  /** @returns where it listens. */
  async start(): Promise<string> {
    await mkdir(this.#directory, { recursive: true });
    this.#folder = await open(this.#directory);
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.#turn;
    await this.#folder.close();
  }

  #visit(url: string, body: string, response: ServerResponse): void {
    const id = decodeURIComponent(url.split('/')[4] as string);
    const { name } = JSON.parse(body) as Visit;
    const visitor = this.#visitors.get(id) ?? { seen: 0, last: '' };
    visitor.seen += 1;
    visitor.last = name;
    this.#visitors.set(id, visitor);
    this.#changes.push(JSON.stringify([id, visitor]));
    const reply = JSON.stringify(visitor.seen);
    this.#waiting.push(() => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(reply) });
      response.end(reply);
    });
    this.#turn ??= this.#commit();
  }

  async #commit(): Promise<void> {
    while (this.#waiting.length > 0) {
      const changes = this.#changes;
      const waiting = this.#waiting;
      this.#changes = [];
      this.#waiting = [];
      await this.#write(changes.join('\n'));
      this.turns += 1;
      for (const answer of waiting) answer();
    }
    this.#turn = undefined;
  }

  async #write(text: string): Promise<void> {
    const path = join(this.#directory, `changes-${this.turns}`);
    const temporary = `${path}.temporary`;
    const file = await open(temporary, 'wx');
    await file.writeFile(text);
    await file.datasync();
    await file.close();
    await link(temporary, path);
    await this.#folder.sync();
    await unlink(temporary);
  }
}
