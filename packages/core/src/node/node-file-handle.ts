import type { FileHandle as HostHandle } from 'node:fs/promises';
import type { FileHandle } from '../ports/file-system.js';

/** An open file of the host. */
export class NodeFileHandle implements FileHandle {
  readonly #host: HostHandle;

  constructor(host: HostHandle) {
    this.#host = host;
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.#host.read(bytes, filled, length - filled, position + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    // A copy when most is unused: a view would keep the whole of it alive.
    return filled * 2 < length ? bytes.slice(0, filled) : bytes.subarray(0, filled);
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.byteLength) {
      const rest = bytes.byteLength - written;
      const { bytesWritten } = await this.#host.write(bytes, written, rest, position + written);
      written += bytesWritten;
    }
  }

  async truncate(length: number): Promise<void> {
    await this.#host.truncate(length);
  }

  async sync(): Promise<void> {
    await this.#host.sync();
  }

  async size(): Promise<number> {
    return (await this.#host.stat()).size;
  }

  async close(): Promise<void> {
    await this.#host.close();
  }
}
